// SPDX-License-Identifier: Apache-2.0

package provider

import (
	"context"
	"fmt"
	"slices"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/realmkeeper/realmkeeper/api/v1alpha1"
	"github.com/realmkeeper/realmkeeper/controllers/internal/attached"
	"github.com/realmkeeper/realmkeeper/controllers/internal/conditions"
	"github.com/realmkeeper/realmkeeper/controllers/internal/preflight"
	"github.com/realmkeeper/realmkeeper/controllers/internal/render"
	"github.com/realmkeeper/realmkeeper/controllers/internal/requeue"
	"github.com/realmkeeper/realmkeeper/controllers/internal/secrets"
	"github.com/realmkeeper/realmkeeper/controllers/internal/status"
)

// reconciler says what became of OAuthProviders. It changes nothing else: attaching
// them is part of the pass over their realm.
type reconciler struct {
	cache   client.Reader
	live    client.Reader
	secrets secrets.Reader
	status  status.Writer

	now func() time.Time
	ask preflight.Ask

	answers answerCache
}

// +kubebuilder:rbac:groups=auth.realmkeeper.io,resources=oauthproviders,verbs=get;list;watch
// +kubebuilder:rbac:groups=auth.realmkeeper.io,resources=oauthproviders/status,verbs=patch

// Reconcile makes one pass over a provider.
func (r *reconciler) Reconcile(ctx context.Context, req ctrl.Request) (ctrl.Result, error) {
	return requeue.OnConflict(func() (ctrl.Result, error) { return r.pass(ctx, req) })
}

// pass reads past the cache, since what it says of the provider counts only over
// what it has read.
func (r *reconciler) pass(ctx context.Context, req ctrl.Request) (ctrl.Result, error) {
	provider := &v1alpha1.OAuthProvider{}
	err := r.live.Get(ctx, req.NamespacedName, provider)
	if apierrors.IsNotFound(err) || err == nil && provider.DeletionTimestamp != nil {
		r.answers.forget(req.NamespacedName)
		return ctrl.Result{}, nil
	}
	if err != nil {
		return ctrl.Result{}, fmt.Errorf("get provider: %w", err)
	}
	seen, err := r.gather(ctx, provider)
	if err != nil {
		return ctrl.Result{}, err
	}
	status, err := r.report(ctx, provider, seen)
	if err != nil {
		return ctrl.Result{}, err
	}
	return ctrl.Result{RequeueAfter: r.requeueAfter(provider, seen, status)}, nil
}

// requeueAfter is when to look at the provider again though nothing happens, 0 for never.
func (r *reconciler) requeueAfter(provider *v1alpha1.OAuthProvider, st state, status v1alpha1.OAuthProviderStatus) time.Duration {
	if slices.ContainsFunc(status.Conditions, func(c metav1.Condition) bool { return conditions.Retryable(c.Reason) }) {
		return requeue.Retry(provider.UID)
	}
	if st.answer == nil {
		return 0
	}
	_, next := askTimes(provider.UID, failingSince(status.Conditions), r.now())
	return max(next.Sub(r.now()), time.Second)
}

// gather finds out everything that a provider's status tells of. What cannot be found
// out is a failure in what is returned; an error ends the pass.
func (r *reconciler) gather(ctx context.Context, provider *v1alpha1.OAuthProvider) (state, error) {
	var st state
	var err error
	if st.realm, st.realmUnknown, err = attached.Realm(ctx, r.cache, provider.Namespace, provider.Spec.RealmRef.Name); err != nil {
		return st, err
	}
	secret, err := attached.ProviderSecret(ctx, r.secrets, provider)
	if st.secretFailure, err = conditions.Classify(err); err != nil {
		return st, err
	}
	st.settingsProblem = render.ProviderProblem(provider)
	if st.neighbours, err = attached.Providers(ctx, r.cache, provider.Namespace, provider.Spec.RealmRef.Name); err != nil {
		st.realmUnknown, err = conditions.Classify(err)
		return st, err
	}
	st.decideCallback(provider)
	if st.realm == nil || st.secretFailure != nil || st.settingsProblem != nil {
		return st, nil
	}
	if err := r.preflight(ctx, provider, secret, &st); err != nil {
		return st, err
	}
	st.decideCallback(provider) // it may have promised something
	return st, nil
}

// report writes the status, if it says anything new, and only over what was read.
func (r *reconciler) report(ctx context.Context, provider *v1alpha1.OAuthProvider, st state) (v1alpha1.OAuthProviderStatus, error) {
	before, status := provider.DeepCopy(), statusOf(provider, st)
	provider.Status = status
	_, err := r.status.Write(ctx, before, provider)
	return status, err
}
