// SPDX-License-Identifier: Apache-2.0

package growth

import (
	"context"
	"slices"
	"strings"
	"time"
)

// explained is what the calls of one exercise have cost.
type explained struct {
	exercise
	calls []call
	// failed is the first error, such as that of a statement that took too long.
	failed error
}

// call is one, of which statements holds what has run, triggers included.
type call struct{ statements []statement }

// took is the longest statement of a call: each is bounded by itself.
func (c call) took() (longest time.Duration) {
	for _, s := range c.statements {
		longest = max(longest, s.took)
	}
	return longest
}

// took is the median of the calls.
func (e explained) took() time.Duration {
	return middle(e.calls, call.took)
}

func middle[T int | time.Duration](calls []call, of func(call) T) T {
	if len(calls) == 0 {
		return 0
	}
	all := []T{}
	for _, c := range calls {
		all = append(all, of(c))
	}
	slices.Sort(all)
	return all[len(all)/2]
}

// problems are those of all calls, each kind once.
func (e explained) problems() (list []string) {
	b := e.bounds()
	for _, c := range e.calls {
		for _, s := range c.statements {
			list = append(list, s.problems(b)...)
		}
	}
	slices.Sort(list)
	return slices.CompactFunc(list, func(a, b string) bool { return kindOf(a) == kindOf(b) })
}

// kindOf is a problem without its numbers.
func kindOf(problem string) string {
	return strings.Map(func(r rune) rune {
		if r >= '0' && r <= '9' {
			return -1
		}
		return r
	}, problem)
}

// enough is how many calls judge an exercise that is slow: one alone may have waited for
// the disk, which tells nothing of the plan.
const enough = 3

// explain calls the exercise so many times, or fewer if it is slow.
func (w *world) explain(ctx context.Context, r *recorder, e exercise, times int) (explained, error) {
	x := explained{exercise: e}
	for range times {
		if _, err := r.take(); err != nil { // what others have done meanwhile
			return x, err
		}
		err := e.run(ctx, w)
		list, broken := r.take()
		if broken != nil {
			return x, broken
		}
		x.calls = append(x.calls, call{list})
		if err != nil {
			x.failed = err
			break
		}
		if len(x.calls) >= enough && x.took() > 100*time.Millisecond {
			break
		}
	}
	return x, nil
}
