// SPDX-License-Identifier: Apache-2.0

package v1alpha1

// Passkeys lets people sign in with public-key credentials of their devices and security
// keys (Web Authentication), without a password. They belong to the host of the issuer for
// good: with another one, everybody has to set theirs up again.
type Passkeys struct {
	// relatedOrigins are pages on other hosts that may ask for the realm's passkeys too, such
	// as https://app.example.net; the realm's own pages alone when absent. Browsers look them
	// up at the realm, and take those of five sites at most.
	// +optional
	// +listType=set
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=20
	// +kubebuilder:validation:items:MinLength=1
	// +kubebuilder:validation:items:MaxLength=300
	// +kubebuilder:validation:items:XValidation:rule="self.matches('^https://([-_a-zA-Z0-9]{1,63}[.])*[a-zA-Z][-_a-zA-Z0-9]{0,62}(:[1-9][0-9]{0,4})?$')",message="must be an origin such as https://app.example.net: https://, one host name in ASCII (xn-- for other letters, no IP address, no *, no dot at its end), maybe a port, and nothing after it"
	// +kubebuilder:validation:items:XValidation:rule="!isURL(self) || size(url(self).getPort()) == 0 || (size(url(self).getPort()) <= 5 && int(url(self).getPort()) >= 1 && int(url(self).getPort()) <= 65535)",message="must have a port of 1 to 65535"
	RelatedOrigins []string `json:"relatedOrigins,omitempty"`
}
