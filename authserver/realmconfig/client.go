// SPDX-License-Identifier: Apache-2.0

package realmconfig

import (
	"encoding/json"
	"slices"
	"time"
)

// Client is an application that signs people in at the realm, or acts for itself
// (RFC 6749, section 2). The operator fills in every field that has a default; see
// DefaultClient.
type Client struct {
	// ID is the client_id: namespace, a dot and the name of the OAuthClient.
	ID string `json:"id"`
	// Since is when this client came to be. A grant that began before is not its:
	// a client that is deleted and made again inherits nothing.
	Since time.Time `json:"since"`
	// DisplayName is what people read: 1 to 100 characters.
	DisplayName string `json:"displayName"`
	// Type is Confidential by default.
	Type ClientType `json:"type"`

	// RedirectURIs are where answers may go; see CheckRedirectURI and
	// AllowsRedirectURI. PostLogoutRedirectURIs are where a browser may be sent after
	// signing out, compared letter by letter.
	RedirectURIs           []string `json:"redirectURIs,omitempty"`
	PostLogoutRedirectURIs []string `json:"postLogoutRedirectURIs,omitempty"`
	// BackchannelLogoutURI takes logout tokens (OpenID Connect Back-Channel Logout
	// 1.0, section 2.2); empty where the client wants none.
	BackchannelLogoutURI string `json:"backchannelLogoutURI,omitempty"`

	GrantTypes []GrantType `json:"grantTypes"`
	// Scopes are what the client may ask for, and Audiences whom its access tokens
	// may be for; without any, they are for the client itself.
	Scopes    []string `json:"scopes,omitempty"`
	Audiences []string `json:"audiences,omitempty"`

	// TokenEndpointAuthMethod is client_secret_basic by default.
	TokenEndpointAuthMethod AuthMethod `json:"tokenEndpointAuthMethod"`
	// JWKS is a key set (RFC 7517, section 5) and JWKSURI where one is: one of them
	// for PrivateKeyJWT, unless there are ServiceAccounts, neither for others. See
	// CheckJWKS.
	JWKS    json.RawMessage `json:"jwks,omitempty"`
	JWKSURI string          `json:"jwksURI,omitempty"`
	// ServiceAccounts are workloads, any of which is the client: what they show by
	// PrivateKeyJWT is a token that their cluster has signed.
	ServiceAccounts []ServiceAccount `json:"serviceAccounts,omitempty"`
	// Secrets are one or two that are good now, the newer one first; none for a
	// client that shows none.
	Secrets []ClientSecret `json:"secrets,omitempty"`

	// IDTokenSigningAlg is RS256 by default.
	IDTokenSigningAlg Algorithm `json:"idTokenSigningAlg"`
	// AccessTokenLifetime is 1m to 24h (MaxAccessTokenLifetime), 1h by default.
	AccessTokenLifetime Duration `json:"accessTokenLifetime"`
	// IDTokenLifetime is 1m to 24h, 1h by default.
	IDTokenLifetime Duration `json:"idTokenLifetime"`
	// RefreshTokenLifetime is how long a grant lasts without being used: 1m to
	// 8760h, which is a year, 168h by default.
	RefreshTokenLifetime Duration `json:"refreshTokenLifetime"`

	// PushedAuthorizationRequests says whether the client must push its requests
	// (RFC 9126). Empty is Allowed.
	PushedAuthorizationRequests Requirement `json:"pushedAuthorizationRequests,omitempty"`
	// DPoP says whether the client must show for each token that it holds a key, to which
	// the token is bound (RFC 9449). Empty is Allowed.
	DPoP Requirement `json:"dpop,omitempty"`

	// DefaultACRValues are the classes of sign-in, 1 and 2, of which one must be reached where a
	// request names none (OpenID Connect Dynamic Client Registration 1.0, section 2,
	// default_acr_values); none for any.
	DefaultACRValues []string `json:"defaultACRValues,omitempty"`
	// DefaultMaxAge is how long ago people may have shown who they are where a request does not
	// say (default_max_age): 1m to 8760h, which is a year; 0s by default, for whenever.
	DefaultMaxAge Duration `json:"defaultMaxAge,omitempty"`

	// PersonalAccessTokens says whether people may make tokens for the client, and
	// administrators for service accounts. Empty is Refused.
	PersonalAccessTokens PersonalAccessTokenUse `json:"personalAccessTokens,omitempty"`

	// Consent is Skip by default. See also IsNativeApp.
	Consent Consent `json:"consent"`
	// Access says who may sign in; nil lets everybody.
	Access *ClientAccess `json:"access,omitempty"`

	// Claims are said in what is for the client alone, in place of the realm's of the same
	// name: at most 16 (MaxClaims).
	Claims []Claim `json:"claims,omitempty"`

	// ProtectedResource is what the client answers requests for; nil for none.
	ProtectedResource *ProtectedResource `json:"protectedResource,omitempty"`
}

// ClientType says whether a client can keep a secret (RFC 6749, section 2.1).
type ClientType string

const (
	ConfidentialClient ClientType = "Confidential"
	PublicClient       ClientType = "Public"
)

// GrantType is a way to a token, in the word of the protocol.
type GrantType string

const (
	AuthorizationCodeGrant GrantType = "authorization_code"
	RefreshTokenGrant      GrantType = "refresh_token"
	ClientCredentialsGrant GrantType = "client_credentials"
	// DeviceCodeGrant is for what has no browser of its own (RFC 8628).
	DeviceCodeGrant GrantType = "urn:ietf:params:oauth:grant-type:device_code"
	// TokenExchangeGrant is that of RFC 8693.
	TokenExchangeGrant GrantType = "urn:ietf:params:oauth:grant-type:token-exchange" //nolint:gosec // a name, and no credential
)

// AuthMethod is how a client shows who it is (OpenID Connect Core 1.0, section 9).
type AuthMethod string

const (
	ClientSecretBasic AuthMethod = "client_secret_basic"
	ClientSecretPost  AuthMethod = "client_secret_post"
	PrivateKeyJWT     AuthMethod = "private_key_jwt"
	// NoAuthMethod is that of public clients, who show a PKCE verifier alone.
	NoAuthMethod AuthMethod = "none"
)

// Consent says whether people are asked before a client learns of them.
type Consent string

const (
	SkipConsent Consent = "Skip"
	AskConsent  Consent = "Ask"
)

// Requirement says whether a client must do what every client may.
type Requirement string

const (
	Allowed  Requirement = "Allowed"
	Required Requirement = "Required"
)

// ClientAccess restricts who may sign in at a client.
type ClientAccess struct {
	// Groups are those of whom a user must be in at least one.
	Groups []string `json:"groups"`
}

// DefaultClient is what a client need not say of itself.
func DefaultClient() Client {
	return Client{
		Type:                    ConfidentialClient,
		GrantTypes:              []GrantType{AuthorizationCodeGrant, RefreshTokenGrant},
		Scopes:                  []string{"openid", "profile", "email"},
		TokenEndpointAuthMethod: ClientSecretBasic,
		IDTokenSigningAlg:       RS256,
		AccessTokenLifetime:     Duration(time.Hour),
		IDTokenLifetime:         Duration(time.Hour),
		RefreshTokenLifetime:    Duration(7 * 24 * time.Hour),
		Consent:                 SkipConsent,
	}
}

// MustPush reports whether the client may send a browser with a pushed request alone.
func (c Client) MustPush() bool { return c.PushedAuthorizationRequests == Required }

// MustProveKey reports whether the client is given no token that is bound to no key.
func (c Client) MustProveKey() bool { return c.DPoP == Required }

// Grants reports whether the client may use a grant.
func (c Client) Grants(t GrantType) bool { return slices.Contains(c.GrantTypes, t) }

// Admits reports whether somebody in these groups may sign in.
func (c Client) Admits(groups []string) bool {
	return c.Access == nil || slices.ContainsFunc(groups, func(g string) bool { return slices.Contains(c.Access.Groups, g) })
}
