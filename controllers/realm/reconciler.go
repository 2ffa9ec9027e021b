// SPDX-License-Identifier: Apache-2.0

package realm

import (
	"context"
	"fmt"
	"io"
	"slices"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/realmkeeper/realmkeeper/api/v1alpha1"
	"github.com/realmkeeper/realmkeeper/controllers/internal/allowed"
	"github.com/realmkeeper/realmkeeper/controllers/internal/apply"
	"github.com/realmkeeper/realmkeeper/controllers/internal/conditions"
	"github.com/realmkeeper/realmkeeper/controllers/internal/examples"
	"github.com/realmkeeper/realmkeeper/controllers/internal/installation"
	"github.com/realmkeeper/realmkeeper/controllers/internal/kinds"
	"github.com/realmkeeper/realmkeeper/controllers/internal/ownership"
	"github.com/realmkeeper/realmkeeper/controllers/internal/podstatus"
	"github.com/realmkeeper/realmkeeper/controllers/internal/render"
	"github.com/realmkeeper/realmkeeper/controllers/internal/requeue"
	"github.com/realmkeeper/realmkeeper/controllers/internal/rotation"
	"github.com/realmkeeper/realmkeeper/controllers/internal/secrets"
	"github.com/realmkeeper/realmkeeper/controllers/internal/status"
)

// reconciler makes realms come true.
type reconciler struct {
	client.Client

	// live reads past the cache what must not be decided on stale knowledge.
	live   client.Reader
	events conditions.Recorder
	status status.Writer

	generator  secrets.Generator
	references secrets.References
	own        ownership.Own
	applier    *apply.Applier
	kinds      *kinds.Registry

	// examples prove claims.
	examples *examples.Prover

	// policy is what realms may ask for.
	policy allowed.Policy

	images render.Images
	now    func() time.Time
	random io.Reader
	ask    podstatus.Ask

	operatorNamespace string
	rivals            *installation.Rivals
}

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
	result, err := requeue.OnConflict(func() (ctrl.Result, error) { return r.pass(ctx, req) })
	if conditions.IsConflict(err) {
		return r.reportConflict(ctx, req, err)
	}
	return result, err
}

func (r *reconciler) pass(ctx context.Context, req ctrl.Request) (ctrl.Result, error) {
	realm, err := r.realm(ctx, req)
	if realm == nil || err != nil {
		return ctrl.Result{}, err
	}
	seen, err := r.work(ctx, realm)
	if err != nil {
		return ctrl.Result{}, err
	}
	before, err := r.report(ctx, realm, statusOf(realm, *seen))
	if err != nil {
		return ctrl.Result{}, err
	}
	if before != nil {
		r.announceKeys(realm, before.SigningKeys, *seen)
		r.announceRequirements(realm, before.Requirements)
	}
	return ctrl.Result{RequeueAfter: r.requeueAfter(realm, *seen, realm.Status)}, nil
}

// realm is a realm with what was said of it last: a pass writes only what differs from
// that. It is nil for a realm that is gone or going: the garbage collector takes what is
// the realm's.
func (r *reconciler) realm(ctx context.Context, req ctrl.Request) (*v1alpha1.AuthRealm, error) {
	realm := &v1alpha1.AuthRealm{}
	err := r.status.Read(ctx, r.Client, r.live, req.NamespacedName, realm)
	switch {
	case apierrors.IsNotFound(err):
		r.applier.Forget(req.NamespacedName)
		return nil, nil
	case err != nil:
		return nil, fmt.Errorf("get realm: %w", err)
	case realm.DeletionTimestamp != nil:
		return nil, nil
	}
	return realm, nil
}

// newest is the realm as the API server has it, which is read once a pass at most. Another
// operator, which led before, may have said something just now that the cache has not
// heard, and that must not be made anew.
func (r *reconciler) newest(ctx context.Context, s *scope) (*v1alpha1.AuthRealm, error) {
	if s.newest != nil {
		return s.newest, nil
	}
	newest := &v1alpha1.AuthRealm{}
	if err := r.live.Get(ctx, client.ObjectKeyFromObject(s.inputs.Realm), newest); err != nil {
		return nil, fmt.Errorf("get realm: %w", err)
	}
	s.newest = newest
	return newest, nil
}

// work does everything for a realm but its status. What cannot be done is part of
// what it saw; an error ends the pass, and nothing can be said then.
func (r *reconciler) work(ctx context.Context, realm *v1alpha1.AuthRealm) (*state, error) {
	r.applier.Resume(realm)
	gathered, err := r.gather(ctx, realm)
	if err != nil {
		return nil, err
	}
	st := &state{scope: gathered}
	if st.podsUnknown, err = st.classify(r.observe(ctx, st)); err != nil {
		return nil, err
	}
	var acks rotation.Acks
	if st.podsUnknown == nil {
		acks = acksOf(st.settings.revision, slices.Concat(st.pods, st.leaving)...)
	}
	st.now = r.now()
	if err := r.rotate(ctx, st, acks); err != nil {
		return nil, err
	}
	st.want = targetOf(st.scope)
	if st.applied, err = r.apply(ctx, &st.scope); err != nil {
		return nil, err
	}
	unexplained, err := st.classify(r.explain(ctx, st))
	if err != nil {
		return nil, err
	}
	st.applied.addFailure(unexplained)
	if st.refreshFailure, err = st.classify(r.refreshPods(ctx, st)); err != nil {
		return nil, err
	}
	failure, err := st.classify(r.settleManagedStores(ctx, st))
	st.applied.addFailure(failure)
	st.applied.record = r.applier.Applied(realm)
	return st, err
}

// report writes a status, if it says anything new, and returns what it took the
// place of.
func (r *reconciler) report(ctx context.Context, realm *v1alpha1.AuthRealm, status v1alpha1.AuthRealmStatus) (*v1alpha1.AuthRealmStatus, error) {
	before := realm.DeepCopy()
	realm.Status = status
	written, err := r.status.Write(ctx, before, realm)
	if err != nil || !written {
		return nil, err
	}
	return &before.Status, nil
}

// reportConflict says that no pass comes to its end, because what is to be written is
// answered with a conflict again and again. Of what runs it tells what is so.
func (r *reconciler) reportConflict(ctx context.Context, req ctrl.Request, conflict error) (ctrl.Result, error) {
	realm, err := r.realm(ctx, req)
	if realm == nil || err != nil {
		return ctrl.Result{}, err
	}
	seen, err := r.look(ctx, realm)
	if err != nil {
		return ctrl.Result{}, err
	}
	if _, err := r.report(ctx, realm, conflictStatus(realm, *seen, conflict)); err != nil {
		return ctrl.Result{}, err
	}
	return ctrl.Result{RequeueAfter: requeue.Retry(realm.UID)}, nil
}

// look sees what runs of a realm, and makes and changes nothing. What pods should run is
// not known: they are compared with what was last said of that.
func (r *reconciler) look(ctx context.Context, realm *v1alpha1.AuthRealm) (*state, error) {
	st := &state{scope: scope{inputs: render.Inputs{Realm: realm}}, now: r.now(), want: target{config: realm.Status.Config.Revision}}
	st.database.managed, st.cache.managed = render.ManagesDatabase(realm), render.ManagesCache(realm)
	var err error
	if st.podsUnknown, err = st.classify(r.observe(ctx, st)); err != nil {
		return nil, err
	}
	return st, r.readWorkloads(ctx, &st.scope, &st.applied)
}
