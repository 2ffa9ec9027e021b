// SPDX-License-Identifier: Apache-2.0

package render

import (
	"cmp"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"k8s.io/apimachinery/pkg/types"

	"github.com/realmkeeper/realmkeeper/api/v1alpha1"
	"github.com/realmkeeper/realmkeeper/authserver/realmconfig"
)

// ClientID is what a client calls itself at its realm. No namespace has a dot in its name,
// so that it is no other client's.
func ClientID(c *v1alpha1.OAuthClient) string { return c.Namespace + "." + c.Name }

// RealmOfClient names the realm that a client asks for.
func RealmOfClient(c *v1alpha1.OAuthClient) types.NamespacedName {
	return types.NamespacedName{Namespace: cmp.Or(c.Spec.RealmRef.Namespace, c.Namespace), Name: c.Spec.RealmRef.Name}
}

// ClientType is what a client is that does not say it.
func ClientType(c *v1alpha1.OAuthClient) v1alpha1.ClientType {
	return cmp.Or(c.Spec.Type, v1alpha1.ClientType(realmconfig.DefaultClient().Type))
}

// ShowsSecret reports whether a client shows who it is by a secret.
func ShowsSecret(c *v1alpha1.OAuthClient) bool {
	method := authMethod(c)
	return method == realmconfig.ClientSecretBasic || method == realmconfig.ClientSecretPost
}

// ClientSettings translates a client's spec, and the secrets in its status, into what the
// auth server is told. The error says that a secret's digest, or a key, is none.
func ClientSettings(c *v1alpha1.OAuthClient) (realmconfig.Client, error) {
	spec, absent := c.Spec, realmconfig.DefaultClient()
	settings := realmconfig.Client{
		ID:                      ClientID(c),
		Since:                   c.CreationTimestamp.UTC(),
		DisplayName:             cmp.Or(spec.DisplayName, c.Name),
		Type:                    realmconfig.ClientType(ClientType(c)),
		RedirectURIs:            texts(spec.RedirectURIs),
		PostLogoutRedirectURIs:  texts(spec.PostLogoutRedirectURIs),
		BackchannelLogoutURI:    string(spec.BackchannelLogoutURI),
		GrantTypes:              listOr(grantTypes(spec.GrantTypes), absent.GrantTypes),
		Scopes:                  listOr(spec.Scopes, absent.Scopes),
		Audiences:               spec.Audiences,
		TokenEndpointAuthMethod: authMethod(c),
		JWKSURI:                 string(spec.JWKSURI),
		IDTokenSigningAlg:       cmp.Or(realmconfig.Algorithm(spec.IDTokenSigningAlg), absent.IDTokenSigningAlg),
		AccessTokenLifetime:     durationOr(spec.AccessTokenLifetime, absent.AccessTokenLifetime),
		IDTokenLifetime:         durationOr(spec.IDTokenLifetime, absent.IDTokenLifetime),
		RefreshTokenLifetime:    durationOr(spec.RefreshTokenLifetime, absent.RefreshTokenLifetime),
		Consent:                 cmp.Or(realmconfig.Consent(spec.Consent), absent.Consent),
	}
	settings.PushedAuthorizationRequests, settings.DPoP = requirement(spec.PushedAuthorizationRequests), requirement(spec.DPoP)
	settings.DefaultACRValues, settings.DefaultMaxAge = texts(spec.DefaultACRValues), durationOr(spec.DefaultMaxAge, 0)
	if spec.PersonalAccessTokens == v1alpha1.AllowedPersonalAccessTokens {
		settings.PersonalAccessTokens = realmconfig.PersonalAccessTokensAllowed
	}
	if spec.Access != nil {
		settings.Access = &realmconfig.ClientAccess{Groups: spec.Access.Groups}
	}
	if r := spec.ProtectedResource; r != nil {
		settings.ProtectedResource = &realmconfig.ProtectedResource{Resource: string(r.Resource), Scopes: r.Scopes, Documentation: string(r.Documentation)}
	}
	settings.Claims = Claims(spec.Claims)
	for _, a := range spec.ServiceAccounts {
		settings.ServiceAccounts = append(settings.ServiceAccounts, realmconfig.ServiceAccount(a))
	}
	if spec.JWKS != nil {
		document, err := json.Marshal(spec.JWKS)
		if err != nil {
			return settings, fmt.Errorf("jwks: %w", err)
		}
		settings.JWKS = document
	}
	if !ShowsSecret(c) {
		return settings, nil
	}
	for _, s := range c.Status.Secrets {
		secret := realmconfig.ClientSecret{ID: s.ID}
		if err := secret.SHA256.UnmarshalText([]byte(s.SHA256)); err != nil {
			return settings, fmt.Errorf("status.secrets: %w", err)
		}
		settings.Secrets = append(settings.Secrets, secret)
	}
	return settings, nil
}

// ClientTokens are how a client's ID tokens are signed, and how long a token of it is valid
// at most.
func ClientTokens(c *v1alpha1.OAuthClient) (signing realmconfig.Algorithm, longest time.Duration) {
	absent := realmconfig.DefaultClient()
	return cmp.Or(realmconfig.Algorithm(c.Spec.IDTokenSigningAlg), absent.IDTokenSigningAlg),
		time.Duration(max(durationOr(c.Spec.AccessTokenLifetime, absent.AccessTokenLifetime), durationOr(c.Spec.IDTokenLifetime, absent.IDTokenLifetime)))
}

// ClientProblem is what an auth server has against a client's settings, whether or not
// there is a secret yet. It quotes none of them.
func ClientProblem(c *v1alpha1.OAuthClient) error {
	settings, err := ClientSettings(c)
	if err != nil {
		return err
	}
	if ShowsSecret(c) && len(settings.Secrets) == 0 {
		settings.Secrets = []realmconfig.ClientSecret{{ID: "first", SHA256: realmconfig.DigestSecret("")}}
	}
	return settings.Validate()
}

// ClientRevision names what the auth server is told of a client by its content, "" for
// nothing.
func ClientRevision(c *v1alpha1.OAuthClient) (string, error) {
	settings, err := ClientSettings(c)
	if err != nil || ShowsSecret(c) && len(settings.Secrets) == 0 {
		return "", err
	}
	document, err := json.Marshal(settings)
	if err != nil {
		return "", fmt.Errorf("encode client: %w", err)
	}
	return realmconfig.Revision(document), nil
}

func authMethod(c *v1alpha1.OAuthClient) realmconfig.AuthMethod {
	switch c.Spec.TokenEndpointAuthMethod {
	case v1alpha1.ClientSecretBasicAuth:
		return realmconfig.ClientSecretBasic
	case v1alpha1.ClientSecretPostAuth:
		return realmconfig.ClientSecretPost
	case v1alpha1.PrivateKeyJWTAuth:
		return realmconfig.PrivateKeyJWT
	case v1alpha1.NoAuth:
		return realmconfig.NoAuthMethod
	}
	switch {
	case ClientType(c) == v1alpha1.PublicClient:
		return realmconfig.NoAuthMethod
	case len(c.Spec.ServiceAccounts) > 0: // their tokens are assertions that their cluster signs
		return realmconfig.PrivateKeyJWT
	}
	return realmconfig.DefaultClient().TokenEndpointAuthMethod
}

// requirement is empty for what is only allowed: a pod of the release before has no word
// for it.
func requirement(r v1alpha1.Requirement) realmconfig.Requirement {
	if r == v1alpha1.RequiredRequirement {
		return realmconfig.Required
	}
	return ""
}

// grantTypes are those of a spec in the words of the protocol.
func grantTypes(all []v1alpha1.GrantType) []realmconfig.GrantType {
	words := map[v1alpha1.GrantType]realmconfig.GrantType{
		v1alpha1.AuthorizationCodeGrant: realmconfig.AuthorizationCodeGrant,
		v1alpha1.RefreshTokenGrant:      realmconfig.RefreshTokenGrant,
		v1alpha1.ClientCredentialsGrant: realmconfig.ClientCredentialsGrant,
		v1alpha1.DeviceCodeGrant:        realmconfig.DeviceCodeGrant,
		v1alpha1.TokenExchangeGrant:     realmconfig.TokenExchangeGrant,
	}
	var translated []realmconfig.GrantType
	for _, grant := range all {
		translated = append(translated, words[grant])
	}
	return translated
}

func texts[T ~string](list []T) []string {
	var all []string
	for _, text := range list {
		all = append(all, string(text))
	}
	return all
}

// clients are the settings about all clients of a realm.
func clients(in Inputs) realmconfig.Clients {
	c := valueOr(in.Realm.Spec.Clients, v1alpha1.Clients{})
	settings := realmconfig.Clients{Audiences: slices.Clone(c.Audiences), AllowPrivateNetworks: c.AllowPrivateNetworks}
	if c.MetadataDocuments != nil {
		settings.MetadataDocuments = &realmconfig.MetadataDocuments{Hosts: slices.Clone(c.MetadataDocuments.Hosts)}
	}
	if c.Registration != nil {
		settings.Registration = &realmconfig.ClientRegistration{
			InitialAccessTokens: in.InitialAccessTokens,
			ExpiresAfter:        durationOr(c.Registration.ExpiresAfter, realmconfig.DefaultClientRegistration().ExpiresAfter),
		}
	}
	return settings
}
