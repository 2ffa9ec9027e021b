// SPDX-License-Identifier: Apache-2.0

package v1alpha1

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
)

// ClaimPlace is where something is said of people.
//
// +kubebuilder:validation:Enum=IDToken;AccessToken;UserInfo
type ClaimPlace string

const (
	// IDTokenPlace is for the application that signs a person in, AccessTokenPlace for
	// whoever that calls, and UserInfoPlace for an application that asks.
	IDTokenPlace     ClaimPlace = "IDToken"
	AccessTokenPlace ClaimPlace = "AccessToken"
	UserInfoPlace    ClaimPlace = "UserInfo"
)

// Claim is what tokens say of a person beside what they say of everybody.
type Claim struct {
	// name of the claim, such as grafana_role, or a URL for one that several parties agree on.
	// Names that have a meaning already, such as sub, email or groups, are refused in
	// whatever case.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=128
	// +kubebuilder:validation:XValidation:rule="self.matches('^[A-Za-z][A-Za-z0-9_.:/~-]*$')",message="name must be letters, digits and _.:/~-, a letter first, such as grafana_role or https://example.com/tenant"
	// +kubebuilder:validation:XValidation:rule="!(self.lowerAscii() in ['_claim_names', '_claim_sources', 'acr', 'act', 'active', 'amr', 'at_hash', 'aud', 'auth_time', 'azp', 'c_hash', 'client_id', 'cnf', 'email', 'email_verified', 'events', 'exp', 'grant_client_id', 'grant_id', 'groups', 'iat', 'iss', 'jti', 'locale', 'may_act', 'name', 'nbf', 'nonce', 'role', 's_hash', 'scope', 'session_id', 'sid', 'sub', 'sub_id', 'sub_jwk', 'token_type', 'token_use', 'username'])",message="name must not be that of a claim that has a meaning already, such as sub, email, groups or role, in whatever case; take another, such as grafana_role"
	Name string `json:"name,omitempty"`

	// expression says what the claim is, in CEL: of user (id, email, email_verified, name,
	// locale, role, created), groups, a list of names, identities, a list of those with
	// provider, issuer and subject, and client (id, name). user.email is empty as long as
	// nobody has proved the address. What is null, or an optional without a value, is left
	// out, and so is what cannot be evaluated.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=2048
	Expression string `json:"expression,omitempty"`

	// in says where the claim is said: in ID tokens, in access tokens and by UserInfo;
	// everywhere when absent.
	// +optional
	// +listType=set
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=3
	In []ClaimPlace `json:"in,omitempty"`
}

// ClaimExample is somebody, and what is to be said of them. An object is Ready when all of its
// examples hold.
//
// +kubebuilder:validation:XValidation:rule="has(self.then) || has(self.absent)",message="an example says what must be said by then, what must not by absent, or both"
type ClaimExample struct {
	// name is what the object's conditions call the example; examples[0] and so on when
	// absent.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=100
	Name string `json:"name,omitempty"`

	// given is who somebody is; nobody in particular when absent.
	// +optional
	Given *ClaimsGiven `json:"given,omitempty"`

	// then has claims by their names, each with the value that it must have. Claims that are
	// named neither here nor by absent may say anything that can be evaluated.
	// +optional
	// +kubebuilder:pruning:PreserveUnknownFields
	Then runtime.RawExtension `json:"then,omitzero"`

	// absent are the names of claims that must not be said. A null in then is refused: many
	// ways to apply an object drop it, and the example would prove less than it says.
	// +optional
	// +listType=set
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=16
	// +kubebuilder:validation:items:MinLength=1
	// +kubebuilder:validation:items:MaxLength=128
	Absent []string `json:"absent,omitempty"`
}

// ClaimsGiven is what an expression is told, in the same words.
type ClaimsGiven struct {
	// user is the person.
	// +optional
	User *GivenUser `json:"user,omitempty"`

	// groups are the names of those that the person is in; none when absent.
	// +optional
	// +listType=set
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=50
	// +kubebuilder:validation:items:MinLength=1
	// +kubebuilder:validation:items:MaxLength=255
	Groups []string `json:"groups,omitempty"`

	// identities are accounts of theirs at the realm's providers; none when absent.
	// +optional
	// +listType=atomic
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=10
	Identities []GivenIdentity `json:"identities,omitempty"`

	// client is who the token is issued to; in an OAuthClient itself when absent.
	// +optional
	Client *GivenClient `json:"client,omitempty"`
}

// GivenUser is a person in an example.
type GivenUser struct {
	// id is the person's sub.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=100
	ID string `json:"id,omitempty"`

	// email is the person's address.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=320
	Email string `json:"email,omitempty"`

	// email_verified says whether the address is proved; true when absent, if there is one.
	// Expressions read an empty address as long as it is not.
	// +optional
	EmailVerified *bool `json:"email_verified,omitempty"` //nolint:kubeapilinter // the word that expressions and tokens have for it

	// name is what the person wants to be called.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=200
	Name string `json:"name,omitempty"`

	// locale is the language they want to be addressed in, such as de-CH.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=35
	Locale string `json:"locale,omitempty"`

	// role is their role in the realm; user when absent.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=100
	Role string `json:"role,omitempty"`

	// created is when the account came to be; the beginning of 1970 when absent.
	// +optional
	Created *metav1.Time `json:"created,omitempty"`
}

// GivenIdentity is an account of a person at a provider.
type GivenIdentity struct {
	// provider is the name of the OAuthProvider.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	Provider string `json:"provider,omitempty"`

	// issuer is the provider's own, and empty of one that has none.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=512
	Issuer string `json:"issuer,omitempty"`

	// subject is who the person is there.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=255
	Subject string `json:"subject,omitempty"`
}

// GivenClient is a client in an example.
type GivenClient struct {
	// id is the client's id: its namespace, a dot and its name.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=320
	ID string `json:"id,omitempty"`

	// name is its displayName.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=100
	Name string `json:"name,omitempty"`
}
