// SPDX-License-Identifier: Apache-2.0

package realmconfig

import (
	"cmp"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// How much a client may ask for.
const (
	MaxRedirectURIs = 50
	MaxScopes       = 50
	MaxAudiences    = 20
	MaxClientGroups = 50
	// MaxClientURI is in bytes.
	MaxClientURI = 2000
)

// Validate reports every problem of c at once, joined, in the words of the
// document's field names. It quotes no value.
func (c Client) Validate() error {
	p := problems{}
	p.check(IsClientID(c.ID), "id: must be a namespace, a dot and a name")
	p.check(!c.Since.IsZero(), "since: must not be empty")
	length := utf8.RuneCountInString(c.DisplayName)
	p.check(length >= 1 && length <= 100 && !strings.ContainsFunc(c.DisplayName, unicode.IsControl), "displayName: must be 1 to 100 characters")
	oneOf(&p, "type", c.Type, ConfidentialClient, PublicClient)
	oneOf(&p, "consent", c.Consent, SkipConsent, AskConsent)
	oneOf(&p, "pushedAuthorizationRequests", cmp.Or(c.PushedAuthorizationRequests, Allowed), Allowed, Required)
	oneOf(&p, "dpop", cmp.Or(c.DPoP, Allowed), Allowed, Required)
	oneOf(&p, "personalAccessTokens", cmp.Or(c.PersonalAccessTokens, PersonalAccessTokensRefused), PersonalAccessTokensRefused, PersonalAccessTokensAllowed)
	oneOf(&p, "idTokenSigningAlg", c.IDTokenSigningAlg, RS256, ES256, EdDSA)
	p.duration("accessTokenLifetime", c.AccessTokenLifetime, time.Minute, MaxAccessTokenLifetime)
	p.duration("idTokenLifetime", c.IDTokenLifetime, time.Minute, 24*time.Hour)
	p.duration("refreshTokenLifetime", c.RefreshTokenLifetime, time.Minute, 365*24*time.Hour)
	distinct(&p, "defaultACRValues", c.DefaultACRValues, 2, IsACR, "must be 1 or 2")
	if c.DefaultMaxAge != 0 {
		p.duration("defaultMaxAge", c.DefaultMaxAge, time.Minute, 365*24*time.Hour)
	}
	c.validateGrants(&p)
	c.validateAddresses(&p)
	c.validateAuthentication(&p)
	distinct(&p, "scopes", c.Scopes, MaxScopes, isScope, "must be printable ASCII without spaces, quotes and backslashes")
	distinct(&p, "audiences", c.Audiences, MaxAudiences, isAudience, "must be 1 to 255 printable ASCII characters without spaces")
	if c.Access != nil {
		p.check(len(c.Access.Groups) > 0, "access.groups: must name at least one group")
		distinct(&p, "access.groups", c.Access.Groups, MaxClientGroups, isGroup, "must be 1 to 255 bytes")
	}
	validateClaims(&p, c.Claims)
	if c.ProtectedResource != nil {
		c.ProtectedResource.validate(&p)
	}
	return p.join()
}

// IsClientID reports whether a text can be the id of a client that the cluster
// declares: a namespace, a dot, and a name, which may have dots of its own.
func IsClientID(id string) bool {
	namespace, name, found := strings.Cut(id, ".")
	return found && len(namespace) <= 63 && len(name) <= 253 && clientIDShape.MatchString(id)
}

var clientIDShape = regexp.MustCompile(`^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)+$`)

func (c Client) validateGrants(p *problems) {
	p.check(len(c.GrantTypes) > 0, "grantTypes: must name at least one")
	for i, grant := range c.GrantTypes {
		p.check(!slices.Contains(c.GrantTypes[:i], grant), "grantTypes[%d]: stands twice", i)
		p.check(slices.Contains([]GrantType{AuthorizationCodeGrant, RefreshTokenGrant, ClientCredentialsGrant, DeviceCodeGrant, TokenExchangeGrant}, grant), "grantTypes[%d]: is not known", i)
	}
	p.check(c.Grants(AuthorizationCodeGrant) || c.Grants(DeviceCodeGrant) || !c.Grants(RefreshTokenGrant),
		"grantTypes: %s needs %s or %s", RefreshTokenGrant, AuthorizationCodeGrant, DeviceCodeGrant)
	for _, grant := range []GrantType{ClientCredentialsGrant, TokenExchangeGrant} {
		p.check(c.Type != PublicClient || !c.Grants(grant), "grantTypes: %s is not for public clients", grant)
	}
	p.check(len(c.RedirectURIs) > 0 || !c.Grants(AuthorizationCodeGrant), "redirectURIs: %s needs at least one", AuthorizationCodeGrant)
}

func (c Client) validateAddresses(p *problems) {
	for field, list := range map[string][]string{"redirectURIs": c.RedirectURIs, "postLogoutRedirectURIs": c.PostLogoutRedirectURIs} {
		p.check(len(list) <= MaxRedirectURIs, "%s: must be %d at most", field, MaxRedirectURIs)
		for i, uri := range list {
			if err := CheckRedirectURI(c.Type, uri); err != nil {
				p.check(false, "%s[%d]: %w", field, i, err)
			}
		}
	}
	if c.BackchannelLogoutURI != "" {
		https := strings.HasPrefix(c.BackchannelLogoutURI, "https://")
		p.check(isEndpoint(c.BackchannelLogoutURI) && (https || c.Type == ConfidentialClient),
			"backchannelLogoutURI: must be an https URL without fragment, or an http one of a confidential client")
	}
	if c.JWKSURI != "" {
		p.check(isEndpoint(c.JWKSURI) && strings.HasPrefix(c.JWKSURI, "https://"), "jwksURI: must be an https URL without fragment")
	}
}

func (c Client) validateAuthentication(p *problems) {
	method := c.TokenEndpointAuthMethod
	oneOf(p, "tokenEndpointAuthMethod", method, ClientSecretBasic, ClientSecretPost, PrivateKeyJWT, NoAuthMethod)
	p.check((method == NoAuthMethod) == (c.Type == PublicClient), "tokenEndpointAuthMethod: must be %s for public clients, and for no others", NoAuthMethod)
	switch {
	case len(c.ServiceAccounts) > 0:
		p.check(method == PrivateKeyJWT, "serviceAccounts: are for %s alone", PrivateKeyJWT)
		p.check(len(c.JWKS) == 0 && c.JWKSURI == "", "jwks: is not for a client with serviceAccounts, whose clusters have the keys")
		c.validateServiceAccounts(p)
	case method == PrivateKeyJWT:
		p.check((len(c.JWKS) > 0) != (c.JWKSURI != ""), "jwks: %s needs jwks or jwksURI, and not both", PrivateKeyJWT)
	default:
		p.check(len(c.JWKS) == 0 && c.JWKSURI == "", "jwks: is for %s alone", PrivateKeyJWT)
	}
	if len(c.JWKS) > 0 {
		if err := CheckJWKS(c.JWKS); err != nil {
			p.check(false, "jwks: %w", err)
		}
	}
	if method == ClientSecretBasic || method == ClientSecretPost {
		p.check(len(c.Secrets) == 1 || len(c.Secrets) == 2, "secrets: must be one or two")
	} else {
		p.check(len(c.Secrets) == 0, "secrets: are not for %s", method)
	}
	for i, s := range c.Secrets {
		p.check(secretIDShape.MatchString(s.ID), "secrets[%d].id: must be 1 to 64 letters, digits, - and _", i)
		p.check(s.SHA256 != SecretDigest{}, "secrets[%d].sha256: must not be empty", i)
		p.check(!slices.ContainsFunc(c.Secrets[:i], func(o ClientSecret) bool { return o.ID == s.ID }), "secrets[%d].id: stands twice", i)
	}
}

var secretIDShape = regexp.MustCompile(`^[A-Za-z0-9_-]{1,64}$`)

func distinct(p *problems, field string, list []string, most int, good func(string) bool, rule string) {
	p.check(len(list) <= most, "%s: must be %d at most", field, most)
	for i, text := range list {
		p.check(good(text), "%s[%d]: %s", field, i, rule)
		p.check(!slices.Contains(list[:i], text), "%s[%d]: stands twice", field, i)
	}
}

// isScope is scope-token of RFC 6749, section 3.3, of a length that fits in a row.
func isScope(text string) bool {
	return text != "" && len(text) <= 128 && !strings.ContainsAny(text, `"\`) && isVisible(text)
}

func isAudience(text string) bool { return text != "" && len(text) <= 255 && isVisible(text) }

func isGroup(text string) bool {
	return text != "" && len(text) <= 255 && !strings.ContainsFunc(text, unicode.IsControl)
}

func isVisible(text string) bool {
	return !strings.ContainsFunc(text, func(r rune) bool { return r <= ' ' || r >= 0x7f })
}

// isEndpoint reports whether a text is a URL that a server may ask, without fragment.
func isEndpoint(raw string) bool {
	u, err := url.Parse(raw)
	if err != nil || len(raw) > MaxClientURI || strings.Contains(raw, "#") || !isHTTP(raw) || !isVisible(raw) {
		return false
	}
	_, err = Origin(u)
	return err == nil
}
