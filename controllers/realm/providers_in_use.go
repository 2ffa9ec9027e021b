// SPDX-License-Identifier: Apache-2.0

package realm

import (
	"context"

	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/realmkeeper/realmkeeper/api/v1alpha1"
	"github.com/realmkeeper/realmkeeper/controllers/internal/render"
	"github.com/realmkeeper/realmkeeper/controllers/internal/secrets"
)

// providersInUse are those that pods have, with their settings and client secrets. Both
// are read when they are first asked for, which in most passes they never are.
type providersInUse struct {
	*reconciler
	realm     *v1alpha1.AuthRealm
	generator secrets.Generator

	credentials *corev1.Secret
	settings    *settingsState
}

// secret is the client secret that pods have of a provider, nil for none. They keep that
// while another cannot be read.
func (u *providersInUse) secret(ctx context.Context, provider string) ([]byte, error) {
	if u.credentials == nil {
		stored, err := u.generator.Owned(ctx, u.realm, render.NamesOf(u.realm).ProviderCredentials())
		if client.IgnoreNotFound(err) != nil {
			return nil, err
		}
		if u.credentials = stored; err != nil {
			u.credentials = &corev1.Secret{}
		}
	}
	return u.credentials.Data[provider], nil
}

// provider is what pods have of a provider, nil for nothing. Where its callback would be
// another one now, it is nothing: beside those of the others, the earlier one may be taken.
func (u *providersInUse) provider(ctx context.Context, provider render.Provider) (*render.Provider, error) {
	if u.settings == nil {
		var last settingsState
		if err := u.lastGoodSettings(ctx, u.realm, &last); err != nil {
			return nil, &unreadProvider{err}
		}
		u.settings = &last
	}
	var err error
	if provider.Secret, err = u.secret(ctx, provider.Object.Name); err != nil {
		return nil, &unreadProvider{err}
	}
	for _, p := range u.settings.config.Providers {
		if p.Name == provider.Object.Name && p.OwnCallback == provider.Callback.Own && p.RequireIssuer == provider.Callback.RequireIssuer && provider.Secret != nil {
			provider.Kept = &p
			return &provider, nil
		}
	}
	return nil, nil
}
