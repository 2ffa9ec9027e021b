// SPDX-License-Identifier: Apache-2.0

package v1alpha1

import metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

// OAuthProvider lets the users of an AuthRealm sign in with an account they have
// elsewhere. Its name stands in URLs: /api/auth/oauth/<name>.
//
// +kubebuilder:object:root=true
// +kubebuilder:subresource:status
// +kubebuilder:resource:path=oauthproviders,singular=oauthprovider,categories=realmkeeper
// +kubebuilder:printcolumn:name="Ready",type=string,JSONPath=`.status.conditions[?(@.type=="Ready")].status`,description="Whether it is proven and every pod of the realm offers it"
// +kubebuilder:printcolumn:name="Reason",type=string,JSONPath=`.status.conditions[?(@.type=="Ready")].reason`,description="Why it is ready or not"
// +kubebuilder:printcolumn:name="Type",type=string,JSONPath=`.spec.type`,description="Whose dialect is spoken"
// +kubebuilder:printcolumn:name="Realm",type=string,JSONPath=`.spec.realmRef.name`,description="The realm whose users may sign in with it"
// +kubebuilder:printcolumn:name="Callback URL",type=string,JSONPath=`.status.callbackURL`,description="What to enter at the provider as redirect URL"
// +kubebuilder:printcolumn:name="Age",type=date,JSONPath=`.metadata.creationTimestamp`
// +kubebuilder:validation:XValidation:rule="size(self.metadata.name) <= 40 && self.metadata.name.matches('^[a-z0-9]([-a-z0-9]*[a-z0-9])?$')",message="the name of an OAuthProvider may have at most 40 characters, and hold only lower-case letters, digits and '-', since it stands in URLs"
// +kubebuilder:validation:XValidation:rule="self.metadata.name != 'callback' && self.metadata.name != 'token'",message="an OAuthProvider cannot be called callback or token: /api/auth/oauth/callback and /api/auth/oauth/token are taken"
type OAuthProvider struct {
	metav1.TypeMeta `json:",inline"`

	// metadata is the standard object's metadata.
	// +optional
	metav1.ObjectMeta `json:"metadata,omitzero"`

	// spec is what the provider shall be.
	// +required
	Spec OAuthProviderSpec `json:"spec,omitzero"`

	// status is what became of it, as last observed.
	// +optional
	Status OAuthProviderStatus `json:"status,omitzero"`
}

// OAuthProviderList is a list of OAuthProviders.
//
// +kubebuilder:object:root=true
type OAuthProviderList struct {
	metav1.TypeMeta `json:",inline"`
	metav1.ListMeta `json:"metadata,omitzero"`
	Items           []OAuthProvider `json:"items"`
}

// ProviderType is the dialect of an identity provider.
//
// +kubebuilder:validation:Enum=Google;GitHub;Microsoft;GitLab;OIDC;OAuth2
type ProviderType string

const (
	// GoogleProvider, GitHubProvider, MicrosoftProvider and GitLabProvider know
	// where to ask and what an answer means.
	GoogleProvider    ProviderType = "Google"
	GitHubProvider    ProviderType = "GitHub"
	MicrosoftProvider ProviderType = "Microsoft"
	GitLabProvider    ProviderType = "GitLab"
	// OIDCProvider is any issuer with a discovery document.
	OIDCProvider ProviderType = "OIDC"
	// OAuth2Provider is any OAuth 2.0 server; its endpoints are stated.
	OAuth2Provider ProviderType = "OAuth2"
)

// ProviderCallback says where a provider sends users back to.
//
// +kubebuilder:validation:Enum=PerProvider;Shared
type ProviderCallback string

const (
	// PerProviderCallback is /api/auth/oauth/callback/<name>, where no other
	// provider answers.
	PerProviderCallback ProviderCallback = "PerProvider"
	// SharedCallback is /api/auth/oauth/callback.
	SharedCallback ProviderCallback = "Shared"
)

// ResponseMode is how a provider's answer comes back.
//
// +kubebuilder:validation:Enum=Query;FormPost
type ResponseMode string

const (
	// QueryResponse is in the query of a redirect.
	QueryResponse ResponseMode = "Query"
	// FormPostResponse is in a form that a page of the provider sends.
	FormPostResponse ResponseMode = "FormPost"
)

// OAuthProviderSpec is what a provider shall be.
//
// +kubebuilder:validation:XValidation:rule="self.type != 'OIDC' || has(self.issuer)",message="type OIDC needs issuer, the URL below which /.well-known/openid-configuration is found"
// +kubebuilder:validation:XValidation:rule="!has(self.issuer) || self.type in ['OIDC', 'Microsoft', 'GitLab']",message="issuer is for the types OIDC, Microsoft (its tenant) and GitLab (a server of one's own); leave it out"
// +kubebuilder:validation:XValidation:rule="self.type != 'OAuth2' || has(self.endpoints)",message="type OAuth2 needs endpoints; a provider that has a discovery document is of type OIDC"
// +kubebuilder:validation:XValidation:rule="!has(self.endpoints) || self.type in ['OAuth2', 'GitHub']",message="endpoints are for the types OAuth2 and GitHub (an Enterprise server); the other types find theirs by discovery"
// +kubebuilder:validation:XValidation:rule="(has(self.allowPrivateNetworks) && self.allowPrivateNetworks) || !((has(self.issuer) && self.issuer.startsWith('http://')) || (has(self.endpoints) && ((has(self.endpoints.authorization) && self.endpoints.authorization.startsWith('http://')) || (has(self.endpoints.token) && self.endpoints.token.startsWith('http://')) || (has(self.endpoints.userInfo) && self.endpoints.userInfo.startsWith('http://')))))",message="issuer and endpoints must be https:// URLs; http:// is for private networks, with allowPrivateNetworks: true"
type OAuthProviderSpec struct {
	// realmRef names the AuthRealm, in the same namespace, whose users may sign
	// in with the provider.
	// +required
	RealmRef RealmRef `json:"realmRef,omitzero"`

	// type is the provider's dialect: Google, GitHub, Microsoft, GitLab, OIDC
	// (any issuer with a discovery document) or OAuth2 (any server, endpoints
	// stated).
	// +required
	Type ProviderType `json:"type,omitempty"`

	// displayName is what users are asked to sign in with; the type's own name,
	// or for OIDC and OAuth2 the object's name, when absent.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=64
	// +kubebuilder:validation:XValidation:rule="self.matches('^[^[:cntrl:]]*[^[:cntrl:][:space:]][^[:cntrl:]]*$')",message="displayName must be a name on one line"
	DisplayName string `json:"displayName,omitempty"`

	// clientID is what the provider calls the realm.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=512
	// +kubebuilder:validation:XValidation:rule="self.matches('^[!-~]+$')",message="clientID may hold no spaces and no line breaks"
	ClientID string `json:"clientID,omitempty"`

	// clientSecretRef names the Secret with the client's secret, in key
	// clientSecret when it names none.
	// +required
	ClientSecretRef SecretKeyRef `json:"clientSecretRef,omitzero"`

	// issuer is the URL below which /.well-known/openid-configuration is found.
	// OIDC needs it. For Microsoft it says which tenant may sign in, such as
	// https://login.microsoftonline.com/<tenant id>/v2.0, and every account of
	// Microsoft's may when absent. For a GitLab of one's own it is that server's
	// URL; gitlab.com when absent.
	// +optional
	// +kubebuilder:validation:XValidation:rule="!self.contains('?')",message="issuer must have no query"
	Issuer EndpointURL `json:"issuer,omitempty"`

	// endpoints of an OAuth2 server, or of a GitHub Enterprise server.
	// +optional
	Endpoints *ProviderEndpoints `json:"endpoints,omitempty"`

	// callback says where the provider sends users back to: PerProvider, to a URL
	// of its own, /api/auth/oauth/callback/<name>, which is then registered there;
	// or Shared, to /api/auth/oauth/callback. The shared one is for a realm's only
	// provider, and for those that name themselves in their answers (RFC 9207).
	// Shared when absent. A provider whose answers could be taken for another's
	// waits until it is PerProvider, which the condition CallbackDistinct tells.
	// +optional
	Callback ProviderCallback `json:"callback,omitempty"`

	// responseMode says how the provider's answer comes back: Query, in the query of
	// a redirect, or FormPost, in a form that a page of the provider sends, which
	// Apple wants; Query when absent.
	// +optional
	ResponseMode ResponseMode `json:"responseMode,omitempty"`

	// scopes to ask for; those that sign-in needs with the type when absent.
	// +optional
	// +listType=set
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=32
	// +kubebuilder:validation:items:MinLength=1
	// +kubebuilder:validation:items:MaxLength=256
	// +kubebuilder:validation:items:XValidation:rule="self.matches('^[!#-Z^-~[]+$') || self.matches('^[]!#-~[]+$')",message="each scope is a word of its own, without spaces or quotes"
	Scopes []string `json:"scopes,omitempty"`

	// claims say where the ID token or the profile keeps what is needed.
	// +optional
	Claims *ProviderClaims `json:"claims,omitempty"`

	// groups says which groups of a user there are groups of the realm; none of them
	// when absent.
	// +optional
	Groups *ProviderGroups `json:"groups,omitempty"`

	// allowedEmailDomains are the only domains let in, by verified address;
	// all of them when absent.
	// +optional
	// +listType=set
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=64
	// +kubebuilder:validation:items:MinLength=1
	// +kubebuilder:validation:items:MaxLength=253
	// +kubebuilder:validation:items:XValidation:rule="self.matches('^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?([.][a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?)+$') && !self.matches('[.][0-9]+$')",message="must be a domain in lower case, such as example.com, without @ and without *; write one of other letters in its form with xn--"
	AllowedEmailDomains []string `json:"allowedEmailDomains,omitempty"`

	// signUp makes an account for a newcomer; true when absent. With false, those
	// may sign in whose identity is linked to an account.
	// +optional
	SignUp *bool `json:"signUp,omitempty"`

	// linking says when a newcomer's identity joins an account that exists.
	// +optional
	Linking *ProviderLinking `json:"linking,omitempty"`

	// trustEmail takes the provider's addresses for verified although it does
	// not say so. Only for a provider whose users cannot choose their address.
	// +optional
	TrustEmail bool `json:"trustEmail,omitempty"`

	// allowPrivateNetworks lets the provider's URLs point into private address
	// ranges, such as those of the cluster.
	// +optional
	AllowPrivateNetworks bool `json:"allowPrivateNetworks,omitempty"`
}

// RealmRef names an AuthRealm in the same namespace.
type RealmRef struct {
	// name of the AuthRealm.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=40
	// +kubebuilder:validation:XValidation:rule="self.matches('^[a-z]([-a-z0-9]*[a-z0-9])?$')",message="name must be the name of an AuthRealm: a letter, then lower-case letters, digits and '-', such as shop"
	Name string `json:"name,omitempty"`
}

// ProviderEndpoints are those of an OAuth 2.0 server (RFC 6749, section 3).
type ProviderEndpoints struct {
	// authorization is where users are sent to sign in.
	// +required
	Authorization EndpointURL `json:"authorization,omitempty"`

	// token is where codes are exchanged.
	// +required
	Token EndpointURL `json:"token,omitempty"`

	// userInfo answers with the user's profile.
	// +required
	UserInfo EndpointURL `json:"userInfo,omitempty"`
}

// ProviderClaims are names of members in the ID token or the profile; an absent
// one is the type's own.
//
// +kubebuilder:validation:MinProperties=1
type ProviderClaims struct {
	// subject is what never changes of a user; sub when absent, for GitHub id.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=128
	Subject string `json:"subject,omitempty"`

	// email is the address; email when absent.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=128
	Email string `json:"email,omitempty"`

	// emailVerified says whether the address is verified; email_verified when
	// absent, for Microsoft xms_edov.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=128
	EmailVerified string `json:"emailVerified,omitempty"`

	// name is what the user is called; name when absent.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=128
	Name string `json:"name,omitempty"`
}

// ProviderGroups says which groups of a provider's users are groups of the realm.
//
// +kubebuilder:validation:XValidation:rule="!has(self.allow) || self.allow.all(g, size(bytes(has(self.prefix) ? self.prefix + g : g)) <= 128)",message="prefix and group together may have at most 128 bytes"
// +kubebuilder:validation:XValidation:rule="!has(self.allow) || self.allow.all(g, !(has(self.prefix) ? self.prefix + g : g).startsWith('system:'))",message="a group of the realm cannot begin with system:, which is Kubernetes' own; choose another prefix"
type ProviderGroups struct {
	// claim is the member of the ID token or the profile that lists the user's groups;
	// groups when absent.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=128
	Claim string `json:"claim,omitempty"`

	// allow names the only groups that are taken over, as the provider calls them, to
	// the letter.
	// +required
	// +listType=set
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=100
	// +kubebuilder:validation:items:MinLength=1
	// +kubebuilder:validation:items:MaxLength=128
	// +kubebuilder:validation:items:XValidation:rule="self.matches('^[\\\\pL\\\\pM\\\\pN\\\\pP\\\\pS]([ \\\\pL\\\\pM\\\\pN\\\\pP\\\\pS]*[\\\\pL\\\\pM\\\\pN\\\\pP\\\\pS])?$') && !self.contains(',')",message="each group must be a name without commas and line breaks, and without spaces around it, such as platform-admins"
	Allow []string `json:"allow,omitempty"`

	// prefix stands before their names in the realm, such as corp:.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=64
	// +kubebuilder:validation:XValidation:rule="self.matches('^[\\\\pL\\\\pM\\\\pN\\\\pP\\\\pS][ \\\\pL\\\\pM\\\\pN\\\\pP\\\\pS]*$') && !self.contains(',')",message="prefix must be the beginning of a name, without commas and line breaks, such as corp:"
	Prefix string `json:"prefix,omitempty"`
}

// ProviderLinking says when a newcomer's identity joins an account that exists.
//
// +kubebuilder:validation:MinProperties=1
type ProviderLinking struct {
	// byEmail joins the account of the same address, when the provider has
	// verified it; off when absent. An account that had not verified it loses
	// what was in it.
	// +optional
	ByEmail bool `json:"byEmail,omitempty"`
}

// OAuthProviderStatus is what became of a provider, as last observed.
type OAuthProviderStatus struct {
	// conditions are every condition of a provider, always.
	// +optional
	// +listType=map
	// +listMapKey=type
	// +kubebuilder:validation:MaxItems=32
	Conditions []metav1.Condition `json:"conditions,omitempty"`

	// observedGeneration is the generation of the spec this status is about.
	// +optional
	ObservedGeneration int64 `json:"observedGeneration,omitempty"`

	// callbackURL is what to enter at the provider as redirect URL, in use or to
	// come; empty until the realm exists.
	// +optional
	// +kubebuilder:validation:MaxLength=600
	CallbackURL string `json:"callbackURL,omitempty"`

	// namedIssuer is the issuer that has promised to name itself in every answer
	// (RFC 9207), which answers at the shared callback must then do; empty when the
	// provider has promised nothing.
	// +optional
	// +kubebuilder:validation:MaxLength=512
	NamedIssuer string `json:"namedIssuer,omitempty"`

	// preflight names the settings and the version of the Secret that Discovered
	// and CredentialsAccepted are about.
	// +optional
	// +kubebuilder:validation:MaxLength=64
	Preflight string `json:"preflight,omitempty"`
}
