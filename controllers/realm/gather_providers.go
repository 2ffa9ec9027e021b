// SPDX-License-Identifier: Apache-2.0

package realm

import (
	"context"
	"errors"
	"slices"

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
	s.proven, s.secretSources = map[string]bool{}, map[string]string{}
	if stored := s.generator.Marked(ctx, realm, render.NamesOf(realm).ProviderCredentials()); stored != nil {
		s.versions.Note(stored)
	}
	for i := range list {
		s.proven[list[i].Name] = attached.ProviderProven(&list[i])
	}
	callbacks := render.Callbacks(list)
	before := &providersInUse{reconciler: r, realm: realm, generator: s.generator}
	for i := range list {
		provider, err := r.takeUp(ctx, s, render.Provider{Object: &list[i], Callback: callbacks[list[i].Name]}, before)
		var unread *unreadProvider
		switch {
		case errors.As(err, &unread):
			return s.keepProviders(unread.why)
		case err != nil:
			return err
		case provider == nil:
			continue
		}
		revision, err := provider.Revision()
		if err != nil {
			continue
		}
		s.inputs.Providers = append(s.inputs.Providers, *provider)
		s.providers = append(s.providers, v1alpha1.ProviderStatus{Name: provider.Object.Name, Type: provider.Object.Spec.Type, Revision: revision})
	}
	return nil
}

// unreadProvider is why nobody knows what is to become of a provider.
type unreadProvider struct{ why error }

func (u *unreadProvider) Error() string { return u.why.Error() }

// takeUp completes a provider by its client secret, and returns nil for one that cannot be
// used. What the installation does not allow changes nothing: pods keep the settings and
// the secret that they have of it.
func (r *reconciler) takeUp(ctx context.Context, s *scope, provider render.Provider, before *providersInUse) (*render.Provider, error) {
	p := provider.Object
	if p.DeletionTimestamp != nil || provider.Callback.Rival != "" {
		return nil, nil
	}
	if problem := attached.ProviderProblem(r.policy, p); problem != nil {
		if !attached.NotAllowed(problem) {
			return nil, nil
		}
		return before.provider(ctx, provider)
	}
	secret, source, err := r.clientSecret(ctx, s, p)
	failure, err := s.classify(err)
	if err != nil {
		return nil, err
	}
	if provider.Secret = secret.Value; failure != nil && failure.Reason == v1alpha1.ReasonFailed {
		if provider.Secret, err = before.secret(ctx, p.Name); err != nil {
			return nil, &unreadProvider{errors.Join(failure, err)}
		}
	}
	if provider.Secret == nil {
		return nil, nil
	}
	s.secretSources[p.Name] = source
	return &provider, nil
}

// clientSecret is the client secret of a provider, and what names the version of the Secret
// that has it. As long as neither that nor the realm's own, which was given it, has changed
// since the status told of both, it is that of the latter.
func (r *reconciler) clientSecret(ctx context.Context, s *scope, p *v1alpha1.OAuthProvider) (attached.ClientSecret, string, error) {
	realm := s.inputs.Realm
	version, err := attached.ProviderSecretVersion(ctx, r, r.references, p)
	if err != nil {
		return attached.ClientSecret{}, "", err
	}
	if i := slices.IndexFunc(realm.Status.Providers, func(known v1alpha1.ProviderStatus) bool { return known.Name == p.Name }); i >= 0 {
		value := s.versions.Value(render.NamesOf(realm).ProviderCredentials(), p.Name)
		from := sourceOf(p, version)
		if source := s.source(p.Name, value, from); source != "" && source == realm.Status.Providers[i].Source {
			return attached.ClientSecret{Value: value, Version: version}, from, nil
		}
	}
	secret, err := attached.ProviderSecret(ctx, r.references, p)
	return secret, sourceOf(p, secret.Version), err
}

// sourceOf names a version of the Secret of a provider and where in it the client secret is,
// "" for no version.
func sourceOf(p *v1alpha1.OAuthProvider, version string) string {
	if version == "" {
		return ""
	}
	return version + "/" + render.ClientSecret(p).Key
}

// source is what the status tells of where a client secret is from.
func (s scope) source(provider string, value []byte, from string) string {
	return s.versions.Source(render.NamesOf(s.inputs.Realm).ProviderCredentials(), provider, value, from)
}

// keepProviders leaves the settings and the client secrets as they are, since made
// of what is known now they would lose providers.
func (s *scope) keepProviders(why error) (err error) {
	s.inputs.WithoutProviders = true
	s.settings.failure, err = s.classify(why)
	return err
}
