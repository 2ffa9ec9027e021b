// SPDX-License-Identifier: Apache-2.0

// Package requeue says when an object is looked at again.
//
// A pass that meets a conflict is made again at once; what was refused is tried again
// after a while; and what is due at a time is spread, so that objects that were made
// together are not worked on together.
package requeue

import (
	"hash/fnv"
	"time"

	"k8s.io/apimachinery/pkg/types"
	ctrl "sigs.k8s.io/controller-runtime"

	"github.com/realmkeeper/realmkeeper/controllers/internal/conditions"
)

// attempts is how often a pass begins again, at once, when what it has read changes
// under it.
const attempts = 5

// OnConflict makes a pass, and makes it again when what it has read has changed
// meanwhile. It returns the last conflict, as conditions.IsConflict tells it, when
// somebody else writes the same again and again.
func OnConflict(pass func() (ctrl.Result, error)) (result ctrl.Result, err error) {
	for range attempts {
		if result, err = pass(); !conditions.IsConflict(err) {
			break
		}
	}
	return result, err
}

// retry is about how long to wait, a third more or less, before what was refused is
// tried again: nobody tells when a quota or a policy is gone.
const retry = time.Minute

// Retry is after how long to try again what was refused to an object.
func Retry(uid types.UID) time.Duration { return retry*2/3 + Stagger(uid, retry*2/3) }

// Stagger is an object's own part of a time, always the same.
func Stagger(uid types.UID, of time.Duration) time.Duration {
	h := fnv.New64a()
	_, _ = h.Write([]byte(uid))
	return time.Duration(h.Sum64() % uint64(of)) //nolint:gosec // periods are positive
}

// Soonest is the earlier of two times, where the zero time is none.
func Soonest(a, b time.Time) time.Time {
	if a.IsZero() || (!b.IsZero() && b.Before(a)) {
		return b
	}
	return a
}
