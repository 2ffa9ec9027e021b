// SPDX-License-Identifier: Apache-2.0

package v1alpha1

import metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

// OAuthClientStatus is what became of a client, as last observed.
type OAuthClientStatus struct {
	// conditions are every condition of a client, always.
	// +optional
	// +listType=map
	// +listMapKey=type
	// +kubebuilder:validation:MaxItems=32
	Conditions []metav1.Condition `json:"conditions,omitempty"`

	// observedGeneration is the generation of the spec this status is about.
	// +optional
	ObservedGeneration int64 `json:"observedGeneration,omitempty"`

	// clientID is what the application calls itself at the realm: namespace, a dot and name.
	// +optional
	// +kubebuilder:validation:MaxLength=320
	ClientID string `json:"clientID,omitempty"`

	// type is that of the spec, and what is meant when it says none.
	// +optional
	Type ClientType `json:"type,omitempty"`

	// lastUsedAt is the last day on which the client was given a token, as far as pods tell.
	// +optional
	LastUsedAt *metav1.Time `json:"lastUsedAt,omitempty"`

	// secretName names the Secret that holds the client's secret; empty while there is none.
	// +optional
	// +kubebuilder:validation:MaxLength=253
	SecretName string `json:"secretName,omitempty"`

	// nextRotation is when a new secret is made, as far as time alone decides.
	// +optional
	NextRotation *metav1.Time `json:"nextRotation,omitempty"`

	// secrets are those that the realm takes of the client, the newest first.
	// +optional
	// +listType=map
	// +listMapKey=id
	// +kubebuilder:validation:MaxItems=3
	Secrets []ClientSecretStatus `json:"secrets,omitempty"`

	// revision names by their content the settings and secrets of the client that Attached
	// is about.
	// +optional
	// +kubebuilder:validation:MaxLength=64
	Revision string `json:"revision,omitempty"`

	// source names the version of the Secret that was read last. It tells nothing of its
	// values.
	// +optional
	// +kubebuilder:validation:MaxLength=128
	Source string `json:"source,omitempty"`
}

// ClientSecretState is where a client's secret is in its life.
//
// +kubebuilder:validation:Enum=Pending;Active;Retiring
type ClientSecretState string

const (
	// PendingSecret is on its way to the pods, and not written yet.
	PendingSecret ClientSecretState = "Pending"
	// ActiveSecret is the one in the Secret, or was the last one there.
	ActiveSecret ClientSecretState = "Active"
	// RetiringSecret is the one before, which is good until the overlap ends.
	RetiringSecret ClientSecretState = "Retiring"
)

// ClientSecretStatus is one secret of a client, without its value.
type ClientSecretStatus struct {
	// id names the secret.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=64
	ID string `json:"id,omitempty"`

	// sha256 is the digest of the secret, which is of 256 random bits: nobody finds it by
	// trying.
	// +required
	// +kubebuilder:validation:MinLength=64
	// +kubebuilder:validation:MaxLength=64
	SHA256 string `json:"sha256,omitempty"`

	// state is where the secret is in its life.
	// +required
	State ClientSecretState `json:"state,omitempty"`

	// madeAt is when the secret was made.
	// +required
	MadeAt metav1.Time `json:"madeAt,omitzero"`

	// writtenAt is when the Secret was first written with it; absent before that.
	// +optional
	WrittenAt *metav1.Time `json:"writtenAt,omitempty"`

	// goodUntil is when a retiring secret is dropped.
	// +optional
	GoodUntil *metav1.Time `json:"goodUntil,omitempty"`

	// lastUsedAt is the last day on which a retiring secret was shown, as far as pods tell.
	// +optional
	LastUsedAt *metav1.Time `json:"lastUsedAt,omitempty"`
}
