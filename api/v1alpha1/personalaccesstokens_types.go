// SPDX-License-Identifier: Apache-2.0

package v1alpha1

import metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

// PersonalAccessTokens lets people make tokens for programs of their own, each for one
// application that takes them.
type PersonalAccessTokens struct {
	// maxLifetime is how long a token is good at most, such as 720h; 2160h when absent.
	// +optional
	// +realmkeeper:validation:Duration:example="2160h",min="24h",max="8784h",which="a leap year"
	MaxLifetime *metav1.Duration `json:"maxLifetime,omitempty"`
}

// PersonalAccessTokenUse says whether a client takes personal access tokens.
//
// +kubebuilder:validation:Enum=Refused;Allowed
type PersonalAccessTokenUse string

const (
	// RefusedPersonalAccessTokens are not made for the client.
	RefusedPersonalAccessTokens PersonalAccessTokenUse = "Refused"
	// AllowedPersonalAccessTokens may be made by whomever the client admits.
	AllowedPersonalAccessTokens PersonalAccessTokenUse = "Allowed"
)
