// SPDX-License-Identifier: Apache-2.0

package render

import (
	"cmp"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	corev1ac "k8s.io/client-go/applyconfigurations/core/v1"

	"github.com/realmkeeper/realmkeeper/api/v1alpha1"
	"github.com/realmkeeper/realmkeeper/authserver/realmconfig"
)

const defaultClientSecretKey = "clientSecret"

// Provider is an OAuthProvider that can be used, with its callback and its client
// secret.
type Provider struct {
	Object   *v1alpha1.OAuthProvider
	Callback Callback
	Secret   []byte

	// Kept are settings from before, in place of those of the spec, nil for the spec's.
	Kept *realmconfig.Provider
}

// Settings are what the auth server is told of the provider.
func (p Provider) Settings() realmconfig.Provider {
	if p.Kept != nil {
		return *p.Kept
	}
	return ProviderSettings(p.Object, p.Callback)
}

// ClientSecret is where the client secret of a provider stands.
func ClientSecret(p *v1alpha1.OAuthProvider) v1alpha1.SecretKeyRef {
	ref := p.Spec.ClientSecretRef
	ref.Key = cmp.Or(ref.Key, defaultClientSecretKey)
	return ref
}

// ProviderSettings translates a provider's spec, and the callback it was given,
// into what the auth server is told.
func ProviderSettings(p *v1alpha1.OAuthProvider, c Callback) realmconfig.Provider {
	spec := p.Spec
	settings := realmconfig.Provider{
		Name:                 p.Name,
		DisplayName:          cmp.Or(spec.DisplayName, providerDisplayName(p)),
		Type:                 realmconfig.ProviderType(spec.Type),
		ClientID:             spec.ClientID,
		Scopes:               spec.Scopes,
		Issuer:               string(spec.Issuer),
		ResponseMode:         realmconfig.ResponseMode(spec.ResponseMode),
		OwnCallback:          c.Own,
		RequireIssuer:        c.RequireIssuer,
		AllowedEmailDomains:  spec.AllowedEmailDomains,
		SignUp:               valueOr(spec.SignUp, realmconfig.DefaultProvider().SignUp),
		LinkByEmail:          valueOr(spec.Linking, v1alpha1.ProviderLinking{}).ByEmail,
		TrustEmail:           spec.TrustEmail,
		AllowPrivateNetworks: spec.AllowPrivateNetworks,
	}
	if e := spec.Endpoints; e != nil {
		settings.Endpoints = &realmconfig.Endpoints{
			Authorization: string(e.Authorization), Token: string(e.Token), UserInfo: string(e.UserInfo),
		}
	}
	if c := spec.Claims; c != nil {
		settings.Claims = realmconfig.Claims(*c)
	}
	if g := spec.Groups; g != nil {
		settings.Groups = &realmconfig.GroupMapping{Claim: g.Claim, Allow: g.Allow, Prefix: g.Prefix}
	}
	return settings
}

// ProviderRevision names a provider's settings by their content.
func ProviderRevision(p *v1alpha1.OAuthProvider, c Callback) (string, error) {
	return Provider{Object: p, Callback: c}.Revision()
}

// Revision names the provider's settings by their content.
func (p Provider) Revision() (string, error) {
	document, err := realmconfig.Encode(p.Settings())
	if err != nil {
		return "", err
	}
	return realmconfig.Revision(document), nil
}

// ProviderProblem is what an auth server has against a provider's settings. It
// quotes none of them.
func ProviderProblem(p *v1alpha1.OAuthProvider) error {
	realm := &v1alpha1.AuthRealm{
		ObjectMeta: metav1.ObjectMeta{Namespace: p.Namespace, Name: "realm"},
		Spec:       v1alpha1.AuthRealmSpec{Issuer: "https://realm.invalid"},
	}
	return Problem(Config(Inputs{Realm: realm, Providers: []Provider{{Object: p}}}))
}

// providerDisplayName is how everybody calls the well-known ones.
func providerDisplayName(p *v1alpha1.OAuthProvider) string {
	switch p.Spec.Type {
	case v1alpha1.OIDCProvider, v1alpha1.OAuth2Provider:
		return p.Name
	default:
		return string(p.Spec.Type)
	}
}

// providerCredentialsSecret has the client secrets of all providers, so that one
// more of them is no further mount and rolls no pod.
func providerCredentialsSecret(in Inputs) *corev1ac.SecretApplyConfiguration {
	data := map[string][]byte{}
	for _, p := range in.Providers {
		data[p.Object.Name] = p.Secret
	}
	return secret(in.Realm, NamesOf(in.Realm).ProviderCredentials(), server, data).
		WithOwnerReferences(owner(in.Realm))
}
