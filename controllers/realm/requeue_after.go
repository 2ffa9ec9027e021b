// SPDX-License-Identifier: Apache-2.0

package realm

import (
	"slices"
	"time"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/realmkeeper/realmkeeper/api/v1alpha1"
	"github.com/realmkeeper/realmkeeper/controllers/internal/conditions"
	"github.com/realmkeeper/realmkeeper/controllers/internal/kinds"
	"github.com/realmkeeper/realmkeeper/controllers/internal/podstatus"
	"github.com/realmkeeper/realmkeeper/controllers/internal/render"
	"github.com/realmkeeper/realmkeeper/controllers/internal/requeue"
)

const (
	// pollInterval is how long to wait for pods that take up a change, slowPollInterval
	// how long once they have taken longer than usual.
	pollInterval     = 2 * time.Second
	slowPollInterval = 15 * time.Second
	usualRollout     = 3 * time.Minute

	// storePollInterval is how long a store that is not the operator's may be out of
	// reach, at most twice that, before a realm says so. Its pods notice at once, and
	// tell when they are asked.
	storePollInterval = time.Minute

	// proxyPollInterval is how long requests may come through a proxy that the spec
	// does not name, at most twice that, before a realm says so, and how long it goes
	// on saying so: pods tell when they are asked.
	proxyPollInterval = 15 * time.Minute

	// requirementPollInterval is how old the counts of people whom a requirement concerns
	// may be, at most twice that: pods tell when they are asked.
	requirementPollInterval = time.Minute

	// renewalSpread keeps realms that were made together from renewing together.
	renewalSpread = time.Hour
)

// requeueAfter is when to look at the realm again though nothing happens, 0 for never.
func (r *reconciler) requeueAfter(realm *v1alpha1.AuthRealm, st state, status v1alpha1.AuthRealmStatus) time.Duration {
	propagated := meta.FindStatusCondition(status.Conditions, v1alpha1.ConfigPropagatedCondition)
	// Settings that no pod can run wait for the spec to change.
	lagging := propagated.Status != metav1.ConditionTrue && propagated.Reason != v1alpha1.ReasonInvalidSettings
	awaitsPods := st.applied.server != nil && (lagging || storeProblemReported(st.pods) || st.keys.awaitsPods)
	next := st.keys.next
	switch {
	case st.mountsRefused() || !awaitsPods && !st.storeStarts():
	case st.now.Sub(propagated.LastTransitionTime.Time) < usualRollout:
		next = requeue.Soonest(next, st.now.Add(pollInterval))
	default:
		next = requeue.Soonest(next, st.now.Add(slowPollInterval))
	}
	if st.applied.server != nil && !(st.database.managed && st.cache.managed) {
		next = requeue.Soonest(next, st.now.Add(storePollInterval+requeue.Stagger(realm.UID, storePollInterval)))
	}
	if st.applied.server != nil && render.Autoscales(realm) {
		// What hinders the autoscaler stands in its status, of which nobody is told.
		next = requeue.Soonest(next, st.now.Add(storePollInterval+requeue.Stagger(realm.UID, storePollInterval)))
	}
	if len(st.pods) > 0 {
		next = requeue.Soonest(next, st.now.Add(proxyPollInterval+requeue.Stagger(realm.UID, proxyPollInterval)))
	}
	switch {
	case len(st.pods) == 0 || len(requirementsOf(realm)) == 0:
	case awaitsFirstCount(status, st.now):
		next = requeue.Soonest(next, st.now.Add(slowPollInterval))
	default:
		next = requeue.Soonest(next, st.now.Add(requirementPollInterval+requeue.Stagger(realm.UID, requirementPollInterval)))
	}
	switch {
	case st.certificate.next.IsZero():
	case st.certificate.issued:
		next = requeue.Soonest(next, st.certificate.next.Add(requeue.Stagger(realm.UID, renewalSpread)))
	default:
		next = requeue.Soonest(next, st.certificate.next)
	}
	for _, store := range managedStores(&st.inputs) {
		next = requeue.Soonest(next, nextStoreStep(st, store, requeue.Stagger(realm.UID, renewalSpread)))
	}
	if st.waitsForUnwatchedKind() {
		next = requeue.Soonest(next, st.now.Add(kinds.AskAgain))
	}
	if st.retry {
		next = requeue.Soonest(next, st.now.Add(requeue.Retry(realm.UID)))
	}
	if next.IsZero() {
		return 0
	}
	return max(next.Sub(st.now), time.Second)
}

// awaitsFirstCount reports whether pods have only just been told to count: whoever has
// written a requirement looks for its numbers.
func awaitsFirstCount(status v1alpha1.AuthRealmStatus, now time.Time) bool {
	c := meta.FindStatusCondition(status.Conditions, v1alpha1.RequirementsInForceCondition)
	return c != nil && c.Reason == v1alpha1.ReasonNotCounted && now.Sub(c.LastTransitionTime.Time) < usualRollout
}

// storeStarts reports whether a store that the operator runs does not answer yet. Of its
// pods and its claim nobody is told.
func (st state) storeStarts() bool {
	return st.database.managed && !st.databaseRuns() || st.cache.managed && !st.cacheRuns()
}

// mountsRefused reports whether pods wait for what was refused. To look at them more
// often than that is tried again would try it as often.
func (st state) mountsRefused() bool {
	refused := func(f *conditions.Failure) bool { return f != nil && f.Reason == v1alpha1.ReasonApplyFailed }
	return refused(st.applied.mountFailure) || refused(st.keys.failure) || slices.ContainsFunc(st.ownFailures, refused)
}

// storeProblemReported reports whether a pod cannot use one of its stores. Only the pod
// learns when it can.
func storeProblemReported(pods []podstatus.Pod) bool {
	return slices.ContainsFunc(pods, func(p podstatus.Pod) bool {
		return p.Report.DatabaseProblem != "" || p.Report.CacheProblem != ""
	})
}
