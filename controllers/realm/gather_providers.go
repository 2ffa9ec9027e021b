// SPDX-License-Identifier: Apache-2.0

package realm

import (
	"context"
	"errors"

	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/realmkeeper/realmkeeper/api/v1alpha1"
	"github.com/realmkeeper/realmkeeper/controllers/internal/attached"
	"github.com/realmkeeper/realmkeeper/controllers/internal/render"
)

// gatherProviders finds the realm's OAuthProviders that can be used. One that
// cannot is left out, which its own status explains; it never hurts the realm.
func (r *reconciler) gatherProviders(ctx context.Context, realm *v1alpha1.AuthRealm, g *gathered) error {
	list, err := attached.Providers(ctx, r, realm.Namespace, realm.Name)
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
		secret, err := attached.ReadClientSecret(ctx, r.generator.Reader, p.Namespace, attached.ClientSecretField, render.ClientSecret(p))
		failure, err := g.classify(err)
		if err != nil {
			return err
		}
		if failure != nil && failure.Reason == v1alpha1.ReasonFailed {
			if secret.Value, err = given(p.Name); err != nil {
				return g.keepProviders(errors.Join(failure, err))
			}
		}
		if secret.Value == nil {
			continue
		}
		revision, err := render.ProviderRevision(p, callback)
		if err != nil {
			continue
		}
		g.inputs.Providers = append(g.inputs.Providers, render.Provider{Object: p, Callback: callback, Secret: secret.Value})
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

// secretsGiven tells, by the name of a provider, the client secret that pods have
// of it, nil for none. They keep that while another cannot be read.
func (r *reconciler) secretsGiven(ctx context.Context, realm *v1alpha1.AuthRealm) func(provider string) ([]byte, error) {
	var given *corev1.Secret
	return func(provider string) ([]byte, error) {
		if given == nil {
			s, err := r.generator.Owned(ctx, realm, render.NamesOf(realm).ProviderCredentials())
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
