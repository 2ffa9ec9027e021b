// SPDX-License-Identifier: Apache-2.0

package provider

import (
	"cmp"
	"context"
	"time"

	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/realmkeeper/realmkeeper/api/v1alpha1"
	"github.com/realmkeeper/realmkeeper/controllers/internal/allowed"
	"github.com/realmkeeper/realmkeeper/controllers/internal/attached"
	"github.com/realmkeeper/realmkeeper/controllers/internal/conditions"
	"github.com/realmkeeper/realmkeeper/controllers/internal/preflight"
	"github.com/realmkeeper/realmkeeper/controllers/internal/secrets"
)

// observer finds out what became of providers. It changes nothing but their status:
// attaching them is part of the pass over their realm.
type observer struct {
	cache      client.Reader
	references secrets.References
	policy     allowed.Policy

	now func() time.Time
	ask preflight.Ask

	answers answerCache
}

// +kubebuilder:rbac:groups=auth.realmkeeper.io,resources=oauthproviders,verbs=get;list;watch
// +kubebuilder:rbac:groups=auth.realmkeeper.io,resources=oauthproviders/status,verbs=patch

// pass says in a provider's status what became of it, and returns after how long to look
// at it again though nothing happens, 0 for never.
func (o *observer) pass(ctx context.Context, provider *v1alpha1.OAuthProvider) (time.Duration, error) {
	st, err := o.gather(ctx, provider)
	if err != nil {
		return 0, err
	}
	provider.Status = statusOf(provider, st)
	if st.answer == nil {
		return 0, nil
	}
	_, next := askTimes(provider.UID, failingSince(provider.Status.Conditions), st.now)
	return max(next.Sub(st.now), time.Second), nil
}

// gather finds out everything that a provider's status tells of. What cannot be found
// out is a failure in what is returned; an error ends the pass.
func (o *observer) gather(ctx context.Context, provider *v1alpha1.OAuthProvider) (state, error) {
	st := state{now: o.now()}
	var err error
	if st.realm, st.realmUnknown, err = attached.Realm(ctx, o.cache, provider.Namespace, provider.Spec.RealmRef.Name); err != nil {
		return st, err
	}
	if st.realm == nil && st.realmUnknown == nil {
		if st.elsewhere, err = attached.RealmElsewhere(ctx, o.cache, provider.Namespace, provider.Spec.RealmRef.Name); err != nil {
			return st, err
		}
	}
	st.settingsProblem = attached.ProviderProblem(o.policy, provider)
	st.neighbours, err = attached.Providers(ctx, o.cache, provider.Namespace, provider.Spec.RealmRef.Name)
	neighboursUnknown, err := conditions.Classify(err)
	if err != nil {
		return st, err
	}
	if st.realmUnknown = cmp.Or(st.realmUnknown, neighboursUnknown); neighboursUnknown == nil {
		st.decideCallback(provider)
	}
	secret, err := o.clientSecret(ctx, provider, st)
	if st.secretFailure, err = conditions.Classify(err); err != nil || neighboursUnknown != nil {
		return st, err
	}
	if st.realm == nil || st.secretFailure != nil || st.settingsProblem != nil {
		return st, nil
	}
	if err := o.preflight(ctx, provider, secret, &st); err != nil {
		return st, err
	}
	st.decideCallback(provider) // it may have promised something
	return st, nil
}
