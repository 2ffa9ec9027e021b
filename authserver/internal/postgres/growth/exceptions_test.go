// SPDX-License-Identifier: Apache-2.0

package growth

import "strings"

// exception is what may take longer, or read more, than what answers a request.
type exception struct {
	// exercises are those whose name begins so.
	exercises string
	reason    string
	bounds    bounds
}

// exceptions is all of them.
func exceptions() []exception {
	batch := bounds{sequential: 1000, sorted: 5000, read: 50_000}
	return []exception{
		{"Prune", "deletes a few rows at a time, behind everybody's back, with what hangs on them", batch},
		{"EndSessionsBefore, some", "ends a thousand sessions at a time, behind everybody's back", batch},
		{"EmptyGroup", "takes a thousand members out of a group that is deleted, as often as it has them", batch},
		{"ImportUsers", "adds a hundred users at once", batch},
		{"FormerAddresses", "reads a page of a thousand, once after an upgrade", batch},
		{"RevokedWithin, a page of a pod that starts", "reads a page of a thousand", batch},
		{"FindUsers, text=", "estimates from a sample of some thousand documents whether to search them or to walk the users", bounds{sequential: 2000, sorted: 2000, read: 20_000}},
		{"Backlog", "counts ten thousand messages one by one, and estimates more", bounds{read: 15_000}},
		{"LogoutBacklog", "counts ten thousand ends of sessions one by one, and estimates more", bounds{read: 15_000}},
		{"ForgetLogoutsOf", "gives up a thousand ends of sessions at a time, of a client that does not answer", batch},
		{"WithoutFactors", "counts 250 people at a time, behind everybody's back, of whom each has few groups", batch},
		{"PeopleWithoutFactors", "looks at 500 people for a page of those who are looked for", batch},
		{"CountSealedWithOtherKeys", "counts what is left to seal again, which is nothing but after a rotation", batch},
	}
}

// exceptionFor is nil for what answers a request.
func exceptionFor(name string) *exception {
	for _, e := range exceptions() {
		if strings.HasPrefix(name, e.exercises) {
			return &e
		}
	}
	return nil
}

func (e exercise) bounds() bounds {
	if x := exceptionFor(e.name()); x != nil {
		return x.bounds
	}
	return aRequest()
}
