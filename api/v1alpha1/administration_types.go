// SPDX-License-Identifier: Apache-2.0

package v1alpha1

import metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

// Administration says how well, and how recently, administrators must have signed in.
//
// +kubebuilder:validation:XValidation:rule="has(self.acr) || has(self.maxAge)",message="administration must say acr, such as \"2\" for two factors, or maxAge, such as 12h, or both"
type Administration struct {
	// acr is the class of sign-in that the admin pages and the admin API need: "2" for two
	// factors. Whoever has shown one is led to show, or to set up, a second.
	// +optional
	ACR ACR `json:"acr,omitempty"`

	// maxAge is how long ago an administrator may have shown who they are, such as 12h;
	// whoever has longer ago signs in again.
	// +optional
	// +realmkeeper:validation:Duration:example="12h",min="1m",max="8760h",which="a year"
	MaxAge *metav1.Duration `json:"maxAge,omitempty"`
}

// ACR is a class of sign-in (OpenID Connect Core 1.0, section 2): "1" for one factor, "2" for two,
// which includes it.
//
// +kubebuilder:validation:Enum="1";"2"
type ACR string
