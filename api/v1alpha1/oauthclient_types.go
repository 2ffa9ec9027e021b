// SPDX-License-Identifier: Apache-2.0

package v1alpha1

import metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

// OAuthClient is an application that signs people in at an AuthRealm by OpenID Connect,
// or acts there for itself. It lies beside the application; its id is that namespace, a
// dot, and its name. The Secret with what the application needs to know lies there, too.
//
// +kubebuilder:object:root=true
// +kubebuilder:subresource:status
// +kubebuilder:resource:path=oauthclients,singular=oauthclient,categories=realmkeeper
// +kubebuilder:printcolumn:name="Ready",type=string,JSONPath=`.status.conditions[?(@.type=="Ready")].status`,description="Whether its Secret is written and every pod of the realm knows it"
// +kubebuilder:printcolumn:name="Reason",type=string,JSONPath=`.status.conditions[?(@.type=="Ready")].reason`,description="Why it is ready or not"
// +kubebuilder:printcolumn:name="Realm",type=string,JSONPath=`.spec.realmRef.name`,description="The realm that signs people in"
// +kubebuilder:printcolumn:name="Type",type=string,JSONPath=`.status.type`,description="Whether it can keep a secret"
// +kubebuilder:printcolumn:name="Client ID",type=string,JSONPath=`.status.clientID`,description="What the application calls itself at the realm"
// +kubebuilder:printcolumn:name="Last used",type=date,JSONPath=`.status.lastUsedAt`,priority=1,description="The last day on which it was used"
// +kubebuilder:printcolumn:name="Age",type=date,JSONPath=`.metadata.creationTimestamp`
// +kubebuilder:validation:XValidation:rule="size(self.metadata.name) <= 63",message="the name of an OAuthClient may have at most 63 characters, since it is part of the client's id"
type OAuthClient struct {
	metav1.TypeMeta `json:",inline"`

	// metadata is the standard object's metadata.
	// +optional
	metav1.ObjectMeta `json:"metadata,omitzero"`

	// spec is what the client shall be.
	// +required
	Spec OAuthClientSpec `json:"spec,omitzero"`

	// status is what became of it, as last observed.
	// +optional
	Status OAuthClientStatus `json:"status,omitzero"`
}

// OAuthClientList is a list of OAuthClients.
//
// +kubebuilder:object:root=true
type OAuthClientList struct {
	metav1.TypeMeta `json:",inline"`
	metav1.ListMeta `json:"metadata,omitzero"`
	Items           []OAuthClient `json:"items"`
}

// ClientType says whether a client can keep a secret (RFC 6749, section 2.1).
//
// +kubebuilder:validation:Enum=Confidential;Public
type ClientType string

const (
	// ConfidentialClient runs where nobody but its operators can look.
	ConfidentialClient ClientType = "Confidential"
	// PublicClient runs in the hands of its users: in a browser, or on a telephone.
	PublicClient ClientType = "Public"
)

// GrantType is a way to a token.
//
// +kubebuilder:validation:Enum=AuthorizationCode;RefreshToken;ClientCredentials;DeviceCode;TokenExchange
type GrantType string

const (
	// AuthorizationCodeGrant signs a person in (RFC 6749, section 4.1).
	AuthorizationCodeGrant GrantType = "AuthorizationCode"
	// RefreshTokenGrant keeps a person signed in (RFC 6749, section 6).
	RefreshTokenGrant GrantType = "RefreshToken"
	// ClientCredentialsGrant is for a client that acts for itself (RFC 6749, section 4.4).
	ClientCredentialsGrant GrantType = "ClientCredentials" //nolint:gosec // a name, and no credential
	// DeviceCodeGrant signs a person in on what has no browser, by another device of theirs
	// (RFC 8628).
	DeviceCodeGrant GrantType = "DeviceCode"
	// TokenExchangeGrant is for a client that hands a user's token on, or whose workloads
	// exchange their own (RFC 8693).
	TokenExchangeGrant GrantType = "TokenExchange"
)

// TokenEndpointAuthMethod is how a client shows who it is (OpenID Connect Core 1.0,
// section 9).
//
// +kubebuilder:validation:Enum=ClientSecretBasic;ClientSecretPost;PrivateKeyJWT;None
type TokenEndpointAuthMethod string

const (
	// ClientSecretBasicAuth sends the secret in a header, ClientSecretPostAuth in a form.
	ClientSecretBasicAuth TokenEndpointAuthMethod = "ClientSecretBasic"
	ClientSecretPostAuth  TokenEndpointAuthMethod = "ClientSecretPost"
	// PrivateKeyJWTAuth signs with a key of the client's own (RFC 7523).
	PrivateKeyJWTAuth TokenEndpointAuthMethod = "PrivateKeyJWT"
	// NoAuth is that of public clients, who prove with PKCE that they began.
	NoAuth TokenEndpointAuthMethod = "None"
)

// Consent says whether people are asked before a client learns of them.
//
// +kubebuilder:validation:Enum=Skip;Ask
type Consent string

const (
	// SkipConsent asks nobody, as for one's own applications.
	SkipConsent Consent = "Skip"
	// AskConsent asks each person once, and again for more than they have agreed to.
	AskConsent Consent = "Ask"
)

// Requirement says whether a client must do what every client may.
//
// +kubebuilder:validation:Enum=Allowed;Required
type Requirement string

const (
	// AllowedRequirement leaves it to the client, RequiredRequirement refuses it otherwise.
	AllowedRequirement  Requirement = "Allowed"
	RequiredRequirement Requirement = "Required"
)

// RedirectURI is where the browser is sent with an answer. It is compared letter by letter.
//
// +kubebuilder:validation:MinLength=1
// +kubebuilder:validation:MaxLength=1024
// +kubebuilder:validation:XValidation:rule="self.matches('^[]!#-;=?-Z[_a-z~]+$')",message="must be a URL in ASCII without spaces, other characters escaped by %"
// +kubebuilder:validation:XValidation:rule="!self.contains('*')",message="must be one URL, compared letter by letter; * stands for nothing here"
// +kubebuilder:validation:XValidation:rule="!self.contains('#')",message="must have no fragment"
// +kubebuilder:validation:XValidation:rule="!self.matches('^[^/?#]*//[^/?#]*@')",message="must have no user or password"
// +kubebuilder:validation:XValidation:rule="!self.matches('%([^0-9a-fA-F]|$|.[^0-9a-fA-F]|.$)')",message="must have two hex digits behind each %"
// +kubebuilder:validation:XValidation:rule="!self.matches('^[^?]*[?].*;') && !self.matches('^[^?]*[?](.*&)?(code|state|iss|error|error_description|error_uri)(=|&|$)')",message="must not have the parameters code, state, iss or error in its query, which answers have, nor ';'"
// +kubebuilder:validation:XValidation:rule="self.matches('^https://') || self.matches('^http://(localhost|127[.]0[.]0[.]1|[[]::1[]])([:/?]|$)') || self.matches('^[a-z][-+a-z0-9]*[.][-+.a-z0-9]*:/')",message="must be an https:// URL such as https://app.example.com/callback; http:// is for localhost, 127.0.0.1 and [::1], and a scheme of an app's own must have a dot, such as com.example.app:/callback"
// +kubebuilder:validation:XValidation:rule="self.contains('#') || self.contains('*') || self.contains('@') || !self.matches('^https?://') || self.matches('^https?://([-_a-zA-Z0-9]{1,63}[.])*([a-zA-Z][-_a-zA-Z0-9]{0,62}|(25[0-5]|2[0-4][0-9]|1[0-9][0-9]|[1-9]?[0-9])([.](25[0-5]|2[0-4][0-9]|1[0-9][0-9]|[1-9]?[0-9])){3}|[[][0-9a-fA-F:.]+[]])(:[1-9][0-9]{0,4})?([/?].*)?$')",message="must have a host, such as https://app.example.com/callback"
// +kubebuilder:validation:XValidation:rule="!self.matches('^https?://') || !isURL(self) || size(url(self).getPort()) == 0 || (size(url(self).getPort()) <= 5 && int(url(self).getPort()) >= 1 && int(url(self).getPort()) <= 65535)",message="must have a port of 1 to 65535"
// +kubebuilder:validation:XValidation:rule="self.matches('^https?://') || !self.matches('^[a-z][-+a-z0-9]*[.][-+.a-z0-9]*:/') || self.matches('^[^:]*:(//[-.a-zA-Z0-9]*([/?].*)?|/([^/].*)?)$')",message="must have the form com.example.app:/callback or com.example.app://callback"
type RedirectURI string

// ClientURL is a URL of a client's that the auth server calls.
//
// +kubebuilder:validation:MinLength=1
// +kubebuilder:validation:MaxLength=1024
// +kubebuilder:validation:XValidation:rule="self.matches('^[!-~]+$')",message="must be a URL in ASCII without spaces (xn-- for other letters in a host)"
// +kubebuilder:validation:XValidation:rule="self.matches('^https?://')",message="must be an https:// URL"
// +kubebuilder:validation:XValidation:rule="!self.contains('#')",message="must have no fragment"
// +kubebuilder:validation:XValidation:rule="!self.matches('^https?://[^/?#]*@')",message="must have no user or password"
// +kubebuilder:validation:XValidation:rule="!self.matches('^https?://') || self.contains('@') || (isURL(self) && self.matches('^https?://([-_a-zA-Z0-9]{1,63}[.])*([a-zA-Z][-_a-zA-Z0-9]{0,62}|(25[0-5]|2[0-4][0-9]|1[0-9][0-9]|[1-9]?[0-9])([.](25[0-5]|2[0-4][0-9]|1[0-9][0-9]|[1-9]?[0-9])){3}|[[][0-9a-fA-F:.]+[]])(:[1-9][0-9]{0,4})?([/?#].*)?$'))",message="must be a URL with one host, such as https://app.example.com/logout"
// +kubebuilder:validation:XValidation:rule="!isURL(self) || size(url(self).getPort()) == 0 || (size(url(self).getPort()) <= 5 && int(url(self).getPort()) >= 1 && int(url(self).getPort()) <= 65535)",message="must have a port of 1 to 65535"
type ClientURL string

// OAuthClientSpec is what a client shall be.
//
// +kubebuilder:validation:XValidation:rule="self.?type.orValue('Confidential') != 'Public' || self.?tokenEndpointAuthMethod.orValue('None') == 'None'",message="tokenEndpointAuthMethod must be None for type Public, who cannot keep a secret; leave it out"
// +kubebuilder:validation:XValidation:rule="self.?type.orValue('Confidential') == 'Public' || self.?tokenEndpointAuthMethod.orValue('ClientSecretBasic') != 'None'",message="tokenEndpointAuthMethod None is for type Public; set type: Public, or take another method"
// +kubebuilder:validation:XValidation:rule="!has(self.secret) || (self.?type.orValue('Confidential') == 'Confidential' && self.?tokenEndpointAuthMethod.orValue('ClientSecretBasic') in ['ClientSecretBasic', 'ClientSecretPost'])",message="secret is for clients that show one: of type Confidential, with tokenEndpointAuthMethod ClientSecretBasic or ClientSecretPost; leave it out"
// +kubebuilder:validation:XValidation:rule="!has(self.grantTypes) || self.?type.orValue('Confidential') == 'Confidential' || !('ClientCredentials' in self.grantTypes)",message="grantTypes: ClientCredentials needs type Confidential, since whoever acts for itself shows who it is"
// +kubebuilder:validation:XValidation:rule="!has(self.grantTypes) || self.?type.orValue('Confidential') == 'Confidential' || !('TokenExchange' in self.grantTypes)",message="grantTypes: TokenExchange needs type Confidential, since whoever acts for a user shows who it is"
// +kubebuilder:validation:XValidation:rule="!has(self.grantTypes) || !('RefreshToken' in self.grantTypes) || 'AuthorizationCode' in self.grantTypes || 'DeviceCode' in self.grantTypes",message="grantTypes: RefreshToken needs AuthorizationCode or DeviceCode, which give the first refresh token"
// +kubebuilder:validation:XValidation:rule="has(self.redirectURIs) || (has(self.grantTypes) && !('AuthorizationCode' in self.grantTypes))",message="redirectURIs must name at least one URL, such as https://app.example.com/callback, unless grantTypes are without AuthorizationCode"
// +kubebuilder:validation:XValidation:rule="self.?type.orValue('Confidential') == 'Public' || ((!has(self.redirectURIs) || self.redirectURIs.all(u, u.startsWith('http'))) && (!has(self.postLogoutRedirectURIs) || self.postLogoutRedirectURIs.all(u, u.startsWith('http'))))",message="redirectURIs and postLogoutRedirectURIs with a scheme of an app's own are for type Public; use https://"
// +kubebuilder:validation:XValidation:rule="self.?tokenEndpointAuthMethod.orValue('None') != 'PrivateKeyJWT' || has(self.jwks) != has(self.jwksURI)",message="tokenEndpointAuthMethod PrivateKeyJWT needs jwks, the client's public keys, or jwksURI, where they are, and not both"
// +kubebuilder:validation:XValidation:rule="self.?tokenEndpointAuthMethod.orValue('None') == 'PrivateKeyJWT' || !(has(self.jwks) || has(self.jwksURI))",message="jwks and jwksURI are for tokenEndpointAuthMethod PrivateKeyJWT; leave them out"
// +kubebuilder:validation:XValidation:rule="!has(self.jwksURI) || self.jwksURI.startsWith('https://')",message="jwksURI must be an https:// URL"
// +kubebuilder:validation:XValidation:rule="!has(self.serviceAccounts) || !has(self.tokenEndpointAuthMethod)",message="serviceAccounts show their own tokens: leave tokenEndpointAuthMethod out"
// +kubebuilder:validation:XValidation:rule="!has(self.serviceAccounts) || self.?type.orValue('Confidential') == 'Confidential'",message="serviceAccounts are for type Confidential: a page or an app has none"
// +kubebuilder:validation:XValidation:rule="!has(self.serviceAccounts) || !has(self.secret)",message="serviceAccounts need no secret: leave secret out"
// +kubebuilder:validation:XValidation:rule="!has(self.backchannelLogoutURI) || self.backchannelLogoutURI.startsWith('https://') || self.?type.orValue('Confidential') == 'Confidential'",message="backchannelLogoutURI must be an https:// URL for type Public"
// +kubebuilder:validation:XValidation:rule="!has(self.protectedResource) || (has(oldSelf.protectedResource) && self.protectedResource.resource == oldSelf.protectedResource.resource && self.realmRef == oldSelf.realmRef)",message="protectedResource.resource and its realmRef are said when the OAuthClient is created, and not later: of several clients that declare a resource, it is that of the first; create another OAuthClient"
// +kubebuilder:validation:XValidation:rule="!has(self.examples) || has(self.claims)",message="examples are of claims: say the claims, or leave the examples out"
type OAuthClientSpec struct {
	// realmRef names the AuthRealm that signs people in. It is the realm that says whether
	// clients of this namespace may, in spec.clients.allowedNamespaces.
	// +required
	RealmRef ClientRealmRef `json:"realmRef,omitzero"`

	// displayName is what people read who are asked for their consent; the object's name
	// when absent.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=100
	// +kubebuilder:validation:XValidation:rule="self.matches('^[^[:cntrl:]]*[^[:cntrl:][:space:]][^[:cntrl:]]*$') && !self.matches('\\\\p{Cc}')",message="displayName must be a name on one line"
	DisplayName string `json:"displayName,omitempty"`

	// type says whether the client can keep a secret: Confidential, for what runs on a
	// server, or Public, for pages and apps; Confidential when absent.
	// +optional
	Type ClientType `json:"type,omitempty"`

	// redirectURIs are where the browser may be sent with an answer, letter by letter. A
	// public client's on its own machine, such as http://127.0.0.1/callback, may have any
	// port.
	// +optional
	// +listType=set
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=50
	RedirectURIs []RedirectURI `json:"redirectURIs,omitempty"`

	// postLogoutRedirectURIs are where the browser may be sent after signing out, letter by
	// letter.
	// +optional
	// +listType=set
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=50
	PostLogoutRedirectURIs []RedirectURI `json:"postLogoutRedirectURIs,omitempty"`

	// backchannelLogoutURI is told when a session ends in which the client was given tokens
	// (OpenID Connect Back-Channel Logout 1.0), for an hour if it does not answer.
	// +optional
	BackchannelLogoutURI ClientURL `json:"backchannelLogoutURI,omitempty"`

	// grantTypes are the ways to a token: AuthorizationCode signs people in, RefreshToken
	// keeps them signed in, ClientCredentials is for a client that acts for itself,
	// DeviceCode signs people in on what has no browser, by another device of theirs, and
	// TokenExchange is for a client that exchanges a token for another; AuthorizationCode and
	// RefreshToken when absent.
	// +optional
	// +listType=set
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=5
	GrantTypes []GrantType `json:"grantTypes,omitempty"`

	// scopes are what the client may ask for; openid, profile and email when absent.
	// +optional
	// +listType=set
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=50
	// +kubebuilder:validation:items:MinLength=1
	// +kubebuilder:validation:items:MaxLength=128
	// +kubebuilder:validation:items:XValidation:rule="self.matches('^[!#-Z^-~[]+$') || self.matches('^[]!#-Z^-~[]+$')",message="each scope is a word of its own in ASCII, without spaces, quotes or backslashes"
	Scopes []string `json:"scopes,omitempty"`

	// audiences are whom the client's access tokens may be for, each one that the realm's
	// spec.clients.audiences lists; the client alone when absent.
	// +optional
	// +listType=set
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=20
	// +kubebuilder:validation:items:MinLength=1
	// +kubebuilder:validation:items:MaxLength=255
	// +kubebuilder:validation:items:XValidation:rule="self.matches('^[!-~]+$')",message="each audience is a name or a URL in ASCII, without spaces"
	Audiences []string `json:"audiences,omitempty"`

	// tokenEndpointAuthMethod is how the client shows who it is: ClientSecretBasic,
	// ClientSecretPost, PrivateKeyJWT or None; ClientSecretBasic when absent, for type
	// Public None, and with serviceAccounts their tokens.
	// +optional
	TokenEndpointAuthMethod TokenEndpointAuthMethod `json:"tokenEndpointAuthMethod,omitempty"`

	// jwks are the public keys of a client that shows who it is by PrivateKeyJWT. Put the
	// names "n" and "y" in quotes: to YAML they mean no and yes without.
	// +optional
	JWKS *JSONWebKeySet `json:"jwks,omitempty"`

	// jwksURI is where such keys are, for a client that changes them by itself.
	// +optional
	JWKSURI ClientURL `json:"jwksURI,omitempty"`

	// serviceAccounts are workloads, any of which is the client: each shows a projected
	// token of its own, for the realm's issuer alone and for an hour at most, in place of a
	// secret, which there is none of then.
	// +optional
	// +listType=atomic
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=20
	// +kubebuilder:validation:XValidation:rule="self.all(a, self.exists_one(b, a == b))",message="serviceAccounts must name each account once"
	ServiceAccounts []ServiceAccountRef `json:"serviceAccounts,omitempty"`

	// idTokenSigningAlg is what ID tokens are signed with: RS256, ES256 or EdDSA; RS256
	// when absent, which every library knows.
	// +optional
	IDTokenSigningAlg SigningAlgorithm `json:"idTokenSigningAlg,omitempty"`

	// accessTokenLifetime is how long an access token is good, such as 15m; 1h when absent.
	// +optional
	// +realmkeeper:validation:Duration:example="15m or 1h",min="1m",max="24h"
	AccessTokenLifetime *metav1.Duration `json:"accessTokenLifetime,omitempty"`

	// idTokenLifetime is how long an ID token is good, such as 15m; 1h when absent.
	// +optional
	// +realmkeeper:validation:Duration:example="15m or 1h",min="1m",max="24h"
	IDTokenLifetime *metav1.Duration `json:"idTokenLifetime,omitempty"`

	// refreshTokenLifetime is how long a person stays signed in at the client without using
	// it, such as 12h; 168h when absent.
	// +optional
	// +realmkeeper:validation:Duration:example="12h or 168h",min="1m",max="8760h",which="a year"
	RefreshTokenLifetime *metav1.Duration `json:"refreshTokenLifetime,omitempty"`

	// pushedAuthorizationRequests says whether the client must push what it asks for to the
	// realm by itself before it sends a browser (RFC 9126): Allowed or Required; Allowed when
	// absent.
	// +optional
	PushedAuthorizationRequests Requirement `json:"pushedAuthorizationRequests,omitempty"`

	// dpop says whether the client must show that it holds a key whenever it asks for a token,
	// which is then worthless to whoever has the token alone (RFC 9449): Allowed or Required;
	// Allowed when absent.
	// +optional
	DPoP Requirement `json:"dpop,omitempty"`

	// defaultACRValues are the classes of sign-in of which people must reach one where a
	// request of the client names none: "2" is for two factors. Whoever has shown one is led
	// to show, or to set up, a second.
	// +optional
	// +listType=set
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=2
	DefaultACRValues []ACR `json:"defaultACRValues,omitempty"`

	// defaultMaxAge is how long ago people may have shown who they are where a request of the
	// client does not say, such as 12h; whoever has longer ago signs in again.
	// +optional
	// +realmkeeper:validation:Duration:example="12h",min="1m",max="8760h",which="a year"
	DefaultMaxAge *metav1.Duration `json:"defaultMaxAge,omitempty"`

	// personalAccessTokens says whether people may make tokens for the client by themselves,
	// and administrators for service accounts, as far as the realm lets them by its
	// spec.personalAccessTokens: Refused or Allowed; Refused when absent. The client learns of
	// such a token by introspection, or by the gateway in front of it.
	// +optional
	PersonalAccessTokens PersonalAccessTokenUse `json:"personalAccessTokens,omitempty"`

	// consent says whether people are asked before the client learns of them: Skip or Ask;
	// Skip when absent, as for one's own applications. Each person is asked once, and again
	// for more than they have agreed to. Whatever is said here, nobody is sent to a public
	// client on their own machine, by http://127.0.0.1/callback or com.example.app:/callback,
	// say, without a click each time.
	// +optional
	Consent Consent `json:"consent,omitempty"`

	// access says who may sign in; everybody when absent.
	// +optional
	Access *ClientAccess `json:"access,omitempty"`

	// protectedResource is what the client answers requests for, beside what it asks for
	// itself: an API or an MCP server, which other clients call with access tokens for it.
	// +optional
	ProtectedResource *ProtectedResource `json:"protectedResource,omitempty"`

	// claims are said of people in what is for this client alone, beside what tokens say of
	// everybody and in place of the realm's claims of the same name: a role in the
	// application, or a tenant. Each is an expression in CEL over the person, their groups and
	// identities, and the client.
	// +optional
	// +listType=map
	// +listMapKey=name
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=16
	// +kubebuilder:validation:XValidation:rule="self.all(a, self.exists_one(b, a.name.lowerAscii() == b.name.lowerAscii()))",message="claims must have names that differ in more than capitals, which many programs do not tell apart"
	Claims []Claim `json:"claims,omitempty"`

	// examples are people, with the claims that tokens must have for each: as long as one does
	// not hold, the client is not Ready, and its claims stay as they were.
	// +optional
	// +listType=atomic
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=32
	Examples []ClaimExample `json:"examples,omitempty"`

	// secret is the Secret that the operator writes beside the client; one with the name
	// of the client and -oauth-client when absent.
	// +optional
	Secret *ClientSecret `json:"secret,omitempty"`
}

// ClientRealmRef names an AuthRealm, which may be in another namespace.
type ClientRealmRef struct {
	// name of the AuthRealm.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=40
	// +kubebuilder:validation:XValidation:rule="self.matches('^[a-z]([-a-z0-9]*[a-z0-9])?$')",message="name must be the name of an AuthRealm: a letter, then lower-case letters, digits and '-', such as shop"
	Name string `json:"name,omitempty"`

	// namespace of the AuthRealm; the client's own when absent.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=63
	// +kubebuilder:validation:XValidation:rule="self.matches('^[a-z0-9]([-a-z0-9]*[a-z0-9])?$')",message="namespace must be the name of a namespace: lower-case letters, digits and '-', such as identity"
	Namespace string `json:"namespace,omitempty"`
}

// ClientAccess says who may sign in at a client.
type ClientAccess struct {
	// groups are those of the realm of whom a person must be in at least one.
	// +required
	// +listType=set
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=50
	// +kubebuilder:validation:items:MinLength=1
	// +kubebuilder:validation:items:MaxLength=255
	// +kubebuilder:validation:items:XValidation:rule="self.matches('^[^[:cntrl:]]+$') && !self.matches('\\\\p{Cc}') && size(bytes(self)) <= 255",message="each group is a name on one line, of at most 255 bytes"
	Groups []string `json:"groups,omitempty"`
}
