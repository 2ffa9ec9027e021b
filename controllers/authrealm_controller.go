// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"context"
	"errors"
	"fmt"
	"hash/fnv"
	"slices"
	"time"

	"k8s.io/apimachinery/pkg/api/equality"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/realmkeeper/realmkeeper/api/v1alpha1"
	"github.com/realmkeeper/realmkeeper/controllers/internal/podstatus"
	"github.com/realmkeeper/realmkeeper/controllers/internal/rotation"
)

// +kubebuilder:rbac:groups=auth.realmkeeper.io,resources=authrealms,verbs=get;list;watch
// +kubebuilder:rbac:groups=auth.realmkeeper.io,resources=authrealms/finalizers,verbs=update
// +kubebuilder:rbac:groups=auth.realmkeeper.io,resources=authrealms/status,verbs=patch
// +kubebuilder:rbac:groups="",resources=configmaps;secrets;services,verbs=create;delete;get;list;patch;watch
// +kubebuilder:rbac:groups="",resources=serviceaccounts,verbs=create;get;list;patch;watch
// +kubebuilder:rbac:groups="",resources=pods,verbs=list;patch
// +kubebuilder:rbac:groups=apps,resources=deployments;statefulsets,verbs=create;delete;get;list;patch;watch
// +kubebuilder:rbac:groups=policy,resources=poddisruptionbudgets,verbs=create;get;list;patch;watch
// +kubebuilder:rbac:groups=autoscaling,resources=horizontalpodautoscalers,verbs=create;delete;get;list;patch;watch
// +kubebuilder:rbac:groups=networking.k8s.io,resources=ingresses;networkpolicies,verbs=create;delete;get;list;patch;watch
// +kubebuilder:rbac:groups=events.k8s.io,resources=events,verbs=create;patch

// Reconcile makes one pass over a realm.
func (r *reconciler) Reconcile(ctx context.Context, req ctrl.Request) (ctrl.Result, error) {
	// Read past the cache: passes follow each other faster than it does, and each
	// writes only what differs from what the one before it has said.
	realm := &v1alpha1.AuthRealm{}
	err := r.live.Get(ctx, req.NamespacedName, realm)
	if apierrors.IsNotFound(err) {
		r.memory.forget(req.NamespacedName)
		return ctrl.Result{}, nil
	}
	if err != nil {
		return ctrl.Result{}, fmt.Errorf("get realm: %w", err)
	}
	if realm.DeletionTimestamp != nil {
		return ctrl.Result{}, nil // the garbage collector takes what is the realm's
	}
	seen, workErr := r.work(ctx, realm)
	if seen == nil {
		return ctrl.Result{}, workErr
	}
	status, err := r.report(ctx, realm, *seen)
	if err := errors.Join(workErr, err); err != nil {
		return ctrl.Result{}, err
	}
	return ctrl.Result{RequeueAfter: r.nextLook(realm, *seen, status)}, nil
}

// work does everything for a realm but its status. It returns what it saw even
// with an error, and nil when it saw too little to say anything.
func (r *reconciler) work(ctx context.Context, realm *v1alpha1.AuthRealm) (*view, error) {
	gathered, err := r.gather(ctx, realm)
	if err != nil {
		return nil, err
	}
	v := &view{gathered: gathered}
	acks, observeErr := rotation.Acks{}, error(nil)
	if v.blocked == nil {
		if observeErr = r.observe(ctx, v); observeErr == nil {
			acks = acksOf(v.settings.revision, slices.Concat(v.pods, v.leaving)...)
		}
	}
	v.now = r.now()
	if err := r.rotate(ctx, v, acks); err != nil {
		return nil, err // a conflict among others: what was gathered is no longer so
	}
	v.want = targetOf(v.gathered)
	if v.blocked != nil {
		return v, nil
	}
	var applyErr error
	v.applied, applyErr = r.apply(ctx, v.gathered)
	if apierrors.IsConflict(applyErr) {
		return nil, applyErr // what was gathered is no longer so: start again
	}
	if err := errors.Join(observeErr, applyErr, r.nudgeAll(ctx, v)); err != nil {
		return v, err
	}
	return v, r.dropEarlierLogins(ctx, v)
}

// report writes the status, if it says anything new.
func (r *reconciler) report(ctx context.Context, realm *v1alpha1.AuthRealm, v view) (v1alpha1.AuthRealmStatus, error) {
	before := realm.DeepCopy()
	realm.Status = statusOf(realm, v)
	if equality.Semantic.DeepEqual(before.Status, realm.Status) {
		return realm.Status, nil
	}
	if err := r.Status().Patch(ctx, realm, client.MergeFrom(before), client.FieldOwner(fieldOwner)); err != nil {
		return realm.Status, client.IgnoreNotFound(fmt.Errorf("patch realm status: %w", err))
	}
	r.announceTransition(realm, before.Status.Conditions, realm.Status.Conditions)
	r.announceKeys(realm, before.Status.SigningKeys, v)
	return realm.Status, nil
}

const (
	// soon is how long to wait for pods that take up a change, patiently how
	// long once they have taken longer than usual.
	soon      = 2 * time.Second
	patiently = 15 * time.Second
	usual     = 3 * time.Minute

	// outage is how long a store that is not the operator's may be out of reach,
	// at most twice that, before a realm says so. Its pods notice at once, and tell
	// when they are asked.
	outage = time.Minute

	// spread keeps realms that were made together from renewing together.
	spread = time.Hour
)

// nextLook is when to look at the realm again though nothing happens, 0 for never.
func (r *reconciler) nextLook(realm *v1alpha1.AuthRealm, v view, status v1alpha1.AuthRealmStatus) time.Duration {
	propagated := meta.FindStatusCondition(status.Conditions, v1alpha1.ConfigPropagatedCondition)
	// Settings that no pod can run wait for the spec to change.
	lagging := propagated.Status != metav1.ConditionTrue && propagated.Reason != v1alpha1.ReasonInvalidSettings
	next := v.keys.next
	switch {
	case v.applied.server == nil || !(lagging || complaining(v.pods) || v.keys.awaitsPods):
	case v.now.Sub(propagated.LastTransitionTime.Time) < usual:
		next = soonest(next, v.now.Add(soon))
	default:
		next = soonest(next, v.now.Add(patiently))
	}
	if v.applied.server != nil && !(v.database.managed && v.cache.managed) {
		next = soonest(next, v.now.Add(outage+stagger(realm.UID, outage)))
	}
	if !v.certificate.next.IsZero() {
		next = soonest(next, v.certificate.next.Add(stagger(realm.UID, spread)))
	}
	for _, store := range managedStores(&v.inputs) {
		next = soonest(next, nextTurn(*store.login, store.after, v.now))
	}
	if v.waitsUntold() {
		next = soonest(next, v.now.Add(relook))
	}
	if next.IsZero() {
		return 0
	}
	return max(next.Sub(v.now), time.Second)
}

// complaining reports whether a pod cannot use one of its stores. Only the pod
// learns when it can.
func complaining(pods []podstatus.Pod) bool {
	return slices.ContainsFunc(pods, func(p podstatus.Pod) bool {
		return p.Report.DatabaseProblem != "" || p.Report.CacheProblem != ""
	})
}

// stagger is an object's own part of a time, always the same.
func stagger(uid types.UID, of time.Duration) time.Duration {
	h := fnv.New64a()
	_, _ = h.Write([]byte(uid))
	return time.Duration(h.Sum64() % uint64(of))
}
