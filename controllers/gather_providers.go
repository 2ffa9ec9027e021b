// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"

	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/realmkeeper/realmkeeper/api/v1alpha1"
	"github.com/realmkeeper/realmkeeper/controllers/internal/conditions"
	"github.com/realmkeeper/realmkeeper/controllers/internal/ownership"
	"github.com/realmkeeper/realmkeeper/controllers/internal/render"
)

// maxClientSecret is in bytes, and far above what providers hand out. All of a
// realm's share one Secret, which no single one may fill.
const maxClientSecret = 4096

// gatherProviders finds the realm's OAuthProviders that can be used. One that
// cannot is left out, which its own status explains; it never hurts the realm.
func (r *reconciler) gatherProviders(ctx context.Context, realm *v1alpha1.AuthRealm, g *gathered) error {
	list, err := r.providersAt(ctx, realm.Namespace, realm.Name)
	if err != nil {
		return g.keepProviders(err)
	}
	callbacks := render.Callbacks(list)
	given := r.secretsGiven(ctx, realm)
	for i := range list {
		p, callback := &list[i], callbacks[list[i].Name]
		if p.DeletionTimestamp != nil || callback.Rival != "" || render.ProviderProblem(p) != nil {
			continue
		}
		secret, err := r.clientSecret(ctx, p)
		failure, err := g.classify(err)
		if err != nil {
			return err
		}
		if failure != nil && failure.Reason == v1alpha1.ReasonFailed {
			if secret.value, err = given(p.Name); err != nil {
				return g.keepProviders(errors.Join(failure, err))
			}
		}
		if secret.value == nil {
			continue
		}
		revision, err := render.ProviderRevision(p, callback)
		if err != nil {
			continue
		}
		g.inputs.Providers = append(g.inputs.Providers, render.Provider{Object: p, Callback: callback, Secret: secret.value})
		g.providers = append(g.providers, v1alpha1.ProviderStatus{Name: p.Name, Type: p.Spec.Type, Revision: revision})
	}
	return nil
}

// keepProviders leaves the settings and the client secrets as they are, since made
// of what is known now they would lose providers.
func (g *gathered) keepProviders(why error) (err error) {
	g.inputs.WithoutProviders = true
	g.settings.failure, err = g.classify(why)
	return err
}

// providersAt are the providers of a realm, by name.
func (r *reconciler) providersAt(ctx context.Context, namespace, realm string) ([]v1alpha1.OAuthProvider, error) {
	var list v1alpha1.OAuthProviderList
	err := r.List(ctx, &list, client.InNamespace(namespace), client.MatchingFields{realmIndex: realm})
	if err != nil {
		return nil, fmt.Errorf("list providers: %w", err)
	}
	slices.SortFunc(list.Items, func(a, b v1alpha1.OAuthProvider) int { return cmp.Compare(a.Name, b.Name) })
	return list.Items, nil
}

// secretsGiven tells, by the name of a provider, the client secret that pods have
// of it, nil for none. They keep that while another cannot be read.
func (r *reconciler) secretsGiven(ctx context.Context, realm *v1alpha1.AuthRealm) func(provider string) ([]byte, error) {
	var given *corev1.Secret
	return func(provider string) ([]byte, error) {
		if given == nil {
			s, err := r.secrets.Owned(ctx, realm, render.NamesOf(realm).ProviderCredentials())
			if client.IgnoreNotFound(err) != nil {
				return nil, err
			}
			if given = s; err != nil {
				given = &corev1.Secret{}
			}
		}
		return given.Data[provider], nil
	}
}

// clientSecret is a provider's, and the version of the Secret it was read from.
type clientSecret struct {
	value   []byte
	version string
}

// clientSecret reads a provider's client secret. It returns a failure when
// there is none to use.
func (r *reconciler) clientSecret(ctx context.Context, p *v1alpha1.OAuthProvider) (clientSecret, error) {
	const field = "clientSecretRef"
	ref := render.ClientSecret(p)
	s, err := r.secrets.Referenced(ctx, p.Namespace, field, ref.Name, ref.Key)
	if err != nil {
		return clientSecret{}, err
	}
	if render.RealmOf(s.Labels) != "" || ownership.OfAnyRealm(s) {
		// Sent to the token endpoint of somebody's choice, it could be a realm's signing key.
		return clientSecret{}, conditions.NewFailure(v1alpha1.ReasonInvalidSecret, "%s: Secret %q is a realm's own; name one of yours", field, ref.Name)
	}
	value := bytes.TrimRight(s.Data[ref.Key], "\r\n") // what editors and echo leave behind
	if len(value) == 0 || len(value) > maxClientSecret {
		return clientSecret{}, conditions.NewFailure(v1alpha1.ReasonInvalidSecret,
			"%s: key %q of Secret %q must hold the client secret alone, 1 to %d bytes", field, ref.Key, ref.Name, maxClientSecret)
	}
	return clientSecret{value, string(s.UID) + "/" + s.ResourceVersion}, nil
}
