// SPDX-License-Identifier: Apache-2.0

package provider

import (
	"time"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/realmkeeper/realmkeeper/api/v1alpha1"
	"github.com/realmkeeper/realmkeeper/controllers/internal/requeue"
)

const (
	// askInterval is how often a provider is asked though nothing has changed.
	askInterval = time.Hour
	// firstRetry is how soon, at the earliest, one in trouble is asked again.
	// Each further time takes twice as long, until the interval is reached.
	firstRetry = 30 * time.Second
)

// askTimes are the times around now at which a provider is due: the last one, at
// or before now, and the next. They follow from the provider's UID, which spreads
// them over all providers, and from when its trouble began, zero for none.
func askTimes(uid types.UID, trouble, now time.Time) (last, next time.Time) {
	phase := requeue.Stagger(uid, askInterval)
	last = now.Add(-phase).Truncate(askInterval).Add(phase)
	next = last.Add(askInterval)
	if trouble.IsZero() {
		return last, next
	}
	for wait := firstRetry + requeue.Stagger(uid, firstRetry); wait < askInterval; wait *= 2 {
		at := trouble.Add(wait)
		if at.After(now) {
			if at.Before(next) {
				next = at
			}
			break
		}
		if at.After(last) {
			last = at
		}
	}
	return last, next
}

// failingSince is when a provider's answers ceased to be good, zero when they are.
func failingSince(conditions []metav1.Condition) time.Time {
	for _, kind := range []string{v1alpha1.DiscoveredCondition, v1alpha1.CredentialsAcceptedCondition} {
		if c := meta.FindStatusCondition(conditions, kind); c != nil && c.Status != metav1.ConditionTrue {
			return c.LastTransitionTime.Time
		}
	}
	return time.Time{}
}
