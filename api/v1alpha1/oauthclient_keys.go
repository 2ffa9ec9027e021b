// SPDX-License-Identifier: Apache-2.0

package v1alpha1

// JSONWebKeySet is the public keys of a client (RFC 7517, section 5).
type JSONWebKeySet struct {
	// keys are the public keys; any of them may sign.
	// +required
	// +listType=atomic
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=16
	Keys []JSONWebKey `json:"keys,omitempty"`
}

// JSONWebKey is one public key (RFC 7517, section 4; RFC 7518, section 6; RFC 8037).
//
// +kubebuilder:validation:XValidation:rule="self.kty != 'RSA' || (has(self.n) && has(self.e))",message="a key of kty RSA needs n and e"
// +kubebuilder:validation:XValidation:rule="self.kty != 'EC' || (has(self.x) && has(self.y) && has(self.crv) && self.crv in ['P-256', 'P-384', 'P-521'])",message="a key of kty EC needs crv P-256, P-384 or P-521, and x and y"
// +kubebuilder:validation:XValidation:rule="self.kty != 'OKP' || (has(self.x) && has(self.crv) && self.crv == 'Ed25519')",message="a key of kty OKP needs crv Ed25519, and x"
type JSONWebKey struct {
	// kty is the family of the key: RSA, EC or OKP.
	// +required
	// +kubebuilder:validation:Enum=RSA;EC;OKP
	KeyType string `json:"kty,omitempty"`

	// kid is what the client calls the key.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=128
	KeyID string `json:"kid,omitempty"`

	// use is what the key is for, which is sig.
	// +optional
	// +kubebuilder:validation:Enum=sig
	Use string `json:"use,omitempty"`

	// alg is what the key signs with, such as RS256; whatever fits the key when absent.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=16
	Algorithm string `json:"alg,omitempty"`

	// n is the modulus of an RSA key, in base64url.
	// +optional
	N KeyNumber `json:"n,omitempty"`

	// e is the exponent of an RSA key, in base64url.
	// +optional
	E KeyNumber `json:"e,omitempty"`

	// crv is the curve of an EC or OKP key.
	// +optional
	// +kubebuilder:validation:Enum=P-256;P-384;P-521;Ed25519
	Curve string `json:"crv,omitempty"`

	// x is a coordinate of an EC or OKP key, in base64url.
	// +optional
	X KeyNumber `json:"x,omitempty"`

	// y is the other coordinate of an EC key, in base64url.
	// +optional
	Y KeyNumber `json:"y,omitempty"`
}

// KeyNumber is a number of a key in base64url (RFC 7518, section 2).
//
// +kubebuilder:validation:MinLength=1
// +kubebuilder:validation:MaxLength=1400
// +kubebuilder:validation:XValidation:rule="self.matches('^[-_A-Za-z0-9]+$')",message="must be a number in base64url, without = at its end"
type KeyNumber string
