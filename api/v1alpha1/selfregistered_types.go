// SPDX-License-Identifier: Apache-2.0

package v1alpha1

import metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

// MetadataDocuments says which clients may be known by a document of their own.
type MetadataDocuments struct {
	// hosts are those of the clients' ids, such as app.example.com, localhost:8443 or, for
	// every name below it, *.example.com. Whoever may publish a page there is such a client:
	// name none where strangers may.
	// +required
	// +listType=set
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=100
	// +kubebuilder:validation:items:MinLength=1
	// +kubebuilder:validation:items:MaxLength=259
	// +kubebuilder:validation:items:XValidation:rule="self.matches('^([*][.]([a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?[.])+[a-z]([-a-z0-9]{0,61}[a-z0-9])?|([a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?[.])*[a-z]([-a-z0-9]{0,61}[a-z0-9])?(:[1-9][0-9]{0,4})?)$')",message="each host is a name in lower case without https://, such as app.example.com or *.example.com, with a port where that is not 443"
	// +kubebuilder:validation:items:XValidation:rule="!self.matches(':(443|6553[6-9]|655[4-9].|65[6-9]..|6[6-9]...|[7-9]....)$')",message="each host has a port of 1 to 65535, and none for 443, which goes without saying"
	Hosts []string `json:"hosts,omitempty"`
}

// ClientRegistration lets clients register themselves.
type ClientRegistration struct {
	// initialAccessTokens names the Secret of which each key holds a token that whoever
	// registers a client shows: 32 to 512 characters that nobody can guess, such as
	// openssl rand -hex 32 prints, under ten keys at most. A token that goes registers nobody
	// any more, and clients that it has registered stay.
	// +required
	InitialAccessTokens SecretRef `json:"initialAccessTokens,omitzero"`

	// expiresAfter is how long a client lasts after the day on which it was registered, or
	// last given a token; 720h when absent.
	// +optional
	// +realmkeeper:validation:Duration:example="720h",min="1h",max="8760h"
	ExpiresAfter *metav1.Duration `json:"expiresAfter,omitempty"`
}
