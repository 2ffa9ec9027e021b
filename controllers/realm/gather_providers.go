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
func (r *reconciler) gatherProviders(ctx context.Context, realm *v1alpha1.AuthRealm, s *scope) error {
	list, err := attached.Providers(ctx, r, realm.Namespace, realm.Name)
	if err != nil {
		return s.keepProviders(err)
	}
	callbacks := render.Callbacks(list)
	inUse := r.clientSecretsInUse(ctx, realm)
	for i := range list {
		p, callback := &list[i], callbacks[list[i].Name]
		if p.DeletionTimestamp != nil || callback.Rival != "" || render.ProviderProblem(p) != nil {
			continue
		}
		secret, err := attached.ProviderSecret(ctx, r.generator.Reader, p)
		failure, err := s.classify(err)
		if err != nil {
			return err
		}
		if failure != nil && failure.Reason == v1alpha1.ReasonFailed {
			if secret.Value, err = inUse(p.Name); err != nil {
				return s.keepProviders(errors.Join(failure, err))
			}
		}
		if secret.Value == nil {
			continue
		}
		revision, err := render.ProviderRevision(p, callback)
		if err != nil {
			continue
		}
		s.inputs.Providers = append(s.inputs.Providers, render.Provider{Object: p, Callback: callback, Secret: secret.Value})
		s.providers = append(s.providers, v1alpha1.ProviderStatus{Name: p.Name, Type: p.Spec.Type, Revision: revision})
	}
	return nil
}

// keepProviders leaves the settings and the client secrets as they are, since made
// of what is known now they would lose providers.
func (s *scope) keepProviders(why error) (err error) {
	s.inputs.WithoutProviders = true
	s.settings.failure, err = s.classify(why)
	return err
}

// clientSecretsInUse tells, by the name of a provider, the client secret that pods have
// of it, nil for none. They keep that while another cannot be read.
func (r *reconciler) clientSecretsInUse(ctx context.Context, realm *v1alpha1.AuthRealm) func(provider string) ([]byte, error) {
	var stored *corev1.Secret
	return func(provider string) ([]byte, error) {
		if stored == nil {
			secret, err := r.generator.Owned(ctx, realm, render.NamesOf(realm).ProviderCredentials())
			if client.IgnoreNotFound(err) != nil {
				return nil, err
			}
			if stored = secret; err != nil {
				stored = &corev1.Secret{}
			}
		}
		return stored.Data[provider], nil
	}
}
