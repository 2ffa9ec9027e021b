// SPDX-License-Identifier: Apache-2.0

package realmconfig

import (
	"net/url"
	"slices"
)

// FirstPartyID is the client_id of the realm's own pages' applications: those that
// ReturnURLs names, and that call the realm's API in their users' names. It has no dot, so
// that no client that the cluster declares can have it; see IsClientID.
const FirstPartyID = "realmkeeper"

// IsFirstParty reports whether the client is the one of FirstParty.
func (c Client) IsFirstParty() bool { return c.ID == FirstPartyID }

// FirstParty is the client that every realm has without being told: a public one whose
// addresses are ReturnURLs, letter by letter, and whose access tokens are the realm's own.
// It is false for a realm that names none to which a code may be sent.
func (c Config) FirstParty() (Client, bool) {
	uris := c.Browser.redirectURIs()
	return Client{
		ID: FirstPartyID, DisplayName: c.UI.DisplayName, Type: PublicClient, RedirectURIs: uris, PostLogoutRedirectURIs: uris,
		GrantTypes: []GrantType{AuthorizationCodeGrant, RefreshTokenGrant}, Scopes: []string{"openid", "profile", "email", "groups"},
		TokenEndpointAuthMethod: NoAuthMethod, IDTokenSigningAlg: RS256, IDTokenLifetime: c.Tokens.AccessTokenLifetime,
		AccessTokenLifetime: c.Tokens.AccessTokenLifetime, RefreshTokenLifetime: c.Tokens.RefreshTokenLifetime, Consent: SkipConsent,
	}, len(uris) > 0
}

// redirectURIs are those of ReturnURLs to which a code may be sent. A browser asks for "/"
// where an entry has no path.
func (b Browser) redirectURIs() []string {
	uris := []string{}
	for _, raw := range b.ReturnURLs {
		if u, err := url.Parse(raw); err == nil && u.Path == "" {
			raw += "/"
		}
		if CheckRedirectURI(PublicClient, raw) == nil && !slices.Contains(uris, raw) {
			uris = append(uris, raw)
		}
	}
	return uris
}
