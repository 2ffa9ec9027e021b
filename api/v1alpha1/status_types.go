// SPDX-License-Identifier: Apache-2.0

package v1alpha1

import metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

// AuthRealmStatus is what a realm is, as last observed.
type AuthRealmStatus struct {
	// conditions are every condition of a realm, always.
	// +optional
	// +listType=map
	// +listMapKey=type
	// +kubebuilder:validation:MaxItems=32
	Conditions []metav1.Condition `json:"conditions,omitempty"`

	// observedGeneration is the generation of the spec that Ready is about. While pods
	// come to a newer one it is the one before; the other conditions tell of the newer.
	// +optional
	ObservedGeneration int64 `json:"observedGeneration,omitempty"`

	// endpoint is the URL at which the realm answers inside the cluster.
	// +optional
	// +kubebuilder:validation:MaxLength=512
	Endpoint string `json:"endpoint,omitempty"`

	// jwksURI is where verifiers find the realm's public keys.
	// +optional
	// +kubebuilder:validation:MaxLength=600
	JWKSURI string `json:"jwksURI,omitempty"`

	// replicas is the number of auth server pods asked for.
	// +optional
	Replicas int32 `json:"replicas"`

	// readyReplicas is the number of auth server pods that are ready.
	// +optional
	ReadyReplicas int32 `json:"readyReplicas"`

	// signingKeys are the keys that verifiers know: those that sign first, and among
	// them the one that signs access tokens.
	// +optional
	// +listType=map
	// +listMapKey=kid
	// +kubebuilder:validation:MaxItems=128
	SigningKeys []SigningKeyStatus `json:"signingKeys,omitempty"`

	// certificateNotAfter is when the serving certificate expires.
	// +optional
	CertificateNotAfter *metav1.Time `json:"certificateNotAfter,omitempty"`

	// encryptionKeys names, by their content, the keys that seal what the database
	// holds of second factors. It stays when their Secret is gone.
	// +optional
	// +kubebuilder:validation:MaxLength=64
	EncryptionKeys string `json:"encryptionKeys,omitempty"`

	// nextKeyEvent is when a signing key moves on next, as far as time alone decides.
	// +optional
	NextKeyEvent *metav1.Time `json:"nextKeyEvent,omitempty"`

	// providers are the OAuthProviders that users of the realm may sign in with.
	// One that cannot be used is not among them; its own conditions say why.
	// +optional
	// +listType=map
	// +listMapKey=name
	// +kubebuilder:validation:MaxItems=1000
	Providers []ProviderStatus `json:"providers,omitempty"`

	// config says what the pods run of the settings and keys.
	// +optional
	Config ConfigStatus `json:"config,omitzero"`

	// requirements count, for each of twoFactor.required and passwords.existing that the
	// spec has, who does not meet it. One for which no pod has counted yet is absent.
	// +optional
	// +listType=map
	// +listMapKey=name
	// +kubebuilder:validation:MaxItems=2
	Requirements []RequirementStatus `json:"requirements,omitempty"`

	// capacity is what the pods together can do, as they measured it.
	// +optional
	Capacity CapacityStatus `json:"capacity,omitzero"`

	// applied are the objects of the realm as the operator has written them, for itself: one
	// that starts writes only those that have changed since.
	// +optional
	// +listType=map
	// +listMapKey=object
	// +kubebuilder:validation:MaxItems=64
	Applied []AppliedObject `json:"applied,omitempty"`
}

// AppliedObject is an object of a realm as the operator has written it.
type AppliedObject struct {
	// object is its kind and its name, such as Deployment/staff.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=128
	Object string `json:"object,omitempty"`

	// state names what was written together with what the object was then. It tells nothing
	// of the values of a Secret.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=64
	State string `json:"state,omitempty"`
}

// SigningKeyState is where a signing key is in its life.
//
// +kubebuilder:validation:Enum=Pending;Active;Retiring
type SigningKeyState string

const (
	// PendingKey is published and does not sign yet.
	PendingKey SigningKeyState = "Pending"
	// ActiveKey signs.
	ActiveKey SigningKeyState = "Active"
	// RetiringKey signs no longer, and is published until its last token has expired.
	RetiringKey SigningKeyState = "Retiring"
)

// SigningKeyStatus is one signing key, without its secret.
type SigningKeyStatus struct {
	// kid is the key's RFC 7638 thumbprint.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=64
	KID string `json:"kid,omitempty"`

	// algorithm the key signs with.
	// +required
	Algorithm SigningAlgorithm `json:"algorithm,omitempty"`

	// state is where the key is in its life.
	// +required
	State SigningKeyState `json:"state,omitempty"`

	// since is when the key came into this state.
	// +required
	Since metav1.Time `json:"since,omitzero"`

	// movesOn is when the key leaves this state: a pending key signs, the signing
	// key gets a successor, a retiring key is gone. It is absent while something
	// else than time is waited for.
	// +optional
	MovesOn *metav1.Time `json:"movesOn,omitempty"`

	// waitsFor is what the key waits for besides time; empty when there is nothing.
	// +optional
	// +kubebuilder:validation:MaxLength=512
	WaitsFor string `json:"waitsFor,omitempty"`
}

// ProviderStatus is one OAuthProvider of a realm.
type ProviderStatus struct {
	// name of the OAuthProvider.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=40
	Name string `json:"name,omitempty"`

	// type is whose dialect it speaks.
	// +required
	Type ProviderType `json:"type,omitempty"`

	// revision names the settings it has in the realm by their content.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=64
	Revision string `json:"revision,omitempty"`

	// source names the version of the Secret from which the client secret was taken, and
	// of the realm's own that has it now. It tells nothing of their values.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=64
	Source string `json:"source,omitempty"`

	// attached says whether every pod runs these settings.
	// +optional
	Attached bool `json:"attached,omitempty"`

	// ready says whether every pod runs these settings and every other condition of
	// the OAuthProvider is True, as its own Ready does.
	// +required
	Ready bool `json:"ready"`
}

// ConfigStatus says what the pods run.
type ConfigStatus struct {
	// revision names the newest settings by their content.
	// +optional
	// +kubebuilder:validation:MaxLength=64
	Revision string `json:"revision,omitempty"`

	// pods is how many pods run the newest settings, keys, credentials and
	// certificate, of how many, such as 2/2, or ?/2 while they cannot be asked.
	// +optional
	// +kubebuilder:validation:MaxLength=16
	Pods string `json:"pods,omitempty"`
}

// CapacityStatus is what the pods together can do.
type CapacityStatus struct {
	// loginsPerSecond is how many passwords the pods can check in a second, such
	// as 42.5; those on one node share its cores. It is measured, and follows a
	// change of a tenth or more.
	// +optional
	// +kubebuilder:validation:MaxLength=16
	LoginsPerSecond string `json:"loginsPerSecond,omitempty"`

	// pods is how many pods that is of.
	// +optional
	Pods int32 `json:"pods,omitempty"`
}
