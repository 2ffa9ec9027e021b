// SPDX-License-Identifier: Apache-2.0

package v1alpha1

import (
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// SecretKeyRef names one value of a Secret in the realm's namespace.
type SecretKeyRef struct {
	// name of the Secret.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	// +kubebuilder:validation:XValidation:rule="self.matches('^[a-z0-9]([-a-z0-9]*[a-z0-9])?([.][a-z0-9]([-a-z0-9]*[a-z0-9])?)*$')",message="name must be the name of a Secret: lower-case letters, digits, '-' and '.', such as shop-credentials"
	Name string `json:"name,omitempty"`

	// key within the Secret's data; what refers to the Secret says which one is
	// read when absent.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	// +kubebuilder:validation:XValidation:rule="self.matches('^[-._a-zA-Z0-9]+$')",message="key may hold only letters, digits, '-', '_' and '.'"
	// +kubebuilder:validation:XValidation:rule="self != '.' && !self.startsWith('..')",message="key must not be '.' and must not begin with '..', which are folders"
	Key string `json:"key,omitempty"`
}

// SecretRef names a Secret in the realm's namespace.
type SecretRef struct {
	// name of the Secret.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	// +kubebuilder:validation:XValidation:rule="self.matches('^[a-z0-9]([-a-z0-9]*[a-z0-9])?([.][a-z0-9]([-a-z0-9]*[a-z0-9])?)*$')",message="name must be the name of a Secret: lower-case letters, digits, '-' and '.', such as shop-credentials"
	Name string `json:"name,omitempty"`
}

// Database is a PostgreSQL database: one that exists, or one that the operator
// runs for the realm.
//
// +kubebuilder:validation:XValidation:rule="!(has(self.urlSecretRef) && has(self.managed))",message="database takes urlSecretRef (a database of yours) or managed (one of its own), not both"
// +kubebuilder:validation:XValidation:rule="has(self.urlSecretRef) || has(self.managed)",message="database needs urlSecretRef or managed; leave database out for a managed one with every default"
// +kubebuilder:validation:XValidation:rule="!has(self.caSecretRef) || has(self.urlSecretRef)",message="database.caSecretRef belongs to urlSecretRef; a managed database needs none"
type Database struct {
	// urlSecretRef names the Secret with the database's postgres:// URL, in key
	// uri when it names none. The Secret that CloudNativePG makes for an
	// application fits as it is.
	// +optional
	URLSecretRef *SecretKeyRef `json:"urlSecretRef,omitempty"`

	// caSecretRef names the Secret with the CA that signed the database's
	// certificate, in PEM, in key ca.crt when it names none. The Secret
	// <cluster>-ca that CloudNativePG makes fits as it is.
	// +optional
	CASecretRef *SecretKeyRef `json:"caSecretRef,omitempty"`

	// managed is a single PostgreSQL that the operator runs.
	// +optional
	Managed *ManagedDatabase `json:"managed,omitempty"`
}

// DeletionPolicy says what happens to data when its realm is deleted.
//
// +kubebuilder:validation:Enum=Retain;Delete
type DeletionPolicy string

const (
	// RetainData keeps the volume, and the Secrets without which its contents
	// are of no use. A realm of the same name takes them up again.
	RetainData DeletionPolicy = "Retain"
	// DeleteData deletes everything with the realm.
	DeleteData DeletionPolicy = "Delete"
)

// ManagedDatabase is a single PostgreSQL instance.
type ManagedDatabase struct {
	// storage is the volume the data lives on.
	// +optional
	Storage *Storage `json:"storage,omitempty"`

	// resources of PostgreSQL, and of what prepares its volume; 50m CPU and 128Mi
	// of memory requested and 512Mi of memory allowed when absent.
	// +optional
	Resources *corev1.ResourceRequirements `json:"resources,omitempty"`

	// sidecarResources are those of each container beside PostgreSQL, which has it
	// take up new passwords; 5m CPU and 16Mi of memory requested and 64Mi of memory
	// allowed when absent.
	// +optional
	SidecarResources *corev1.ResourceRequirements `json:"sidecarResources,omitempty"`

	// scheduling says where the pod may run; wherever its volume can be when absent.
	// +optional
	Scheduling *Scheduling `json:"scheduling,omitempty"`

	// deletionPolicy says whether the data outlives the realm: Retain (also
	// when absent) or Delete.
	// +optional
	DeletionPolicy DeletionPolicy `json:"deletionPolicy,omitempty"`

	// image is the PostgreSQL container image; the operator's choice when absent.
	// A newer major version cannot read the data of an older one.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=512
	Image string `json:"image,omitempty"`

	// rotatePasswordAfter asks for a new password from this time on, once: a
	// password that was made before is replaced while pods work. Now, to have
	// one at once.
	// +optional
	RotatePasswordAfter *metav1.Time `json:"rotatePasswordAfter,omitempty"`
}

// Storage is a volume to claim.
//
// +kubebuilder:validation:MinProperties=1
type Storage struct {
	// size of the volume; 8Gi when absent. A volume grows where its StorageClass lets it,
	// and never shrinks.
	// +optional
	// +kubebuilder:validation:Type=string
	// +kubebuilder:validation:MaxLength=32
	// +kubebuilder:validation:XValidation:rule="!isQuantity(self) || !quantity(self).isLessThan(quantity('64Mi'))",message="size must be 64Mi or more"
	Size *resource.Quantity `json:"size,omitempty"`

	// className is the StorageClass; the cluster's default when absent. A volume that is
	// there keeps its own.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	// +kubebuilder:validation:XValidation:rule="self.matches('^[a-z0-9]([-a-z0-9]*[a-z0-9])?([.][a-z0-9]([-a-z0-9]*[a-z0-9])?)*$')",message="className must be the name of a StorageClass: lower-case letters, digits, '-' and '.', such as fast"
	ClassName string `json:"className,omitempty"`
}

// Cache is a Redis: one that exists, or one that the operator runs for the realm.
//
// +kubebuilder:validation:XValidation:rule="!(has(self.urlSecretRef) && has(self.managed))",message="cache takes urlSecretRef (a Redis of yours) or managed (one of its own), not both"
// +kubebuilder:validation:XValidation:rule="has(self.urlSecretRef) || has(self.managed)",message="cache needs urlSecretRef or managed; leave cache out for a managed one with every default"
// +kubebuilder:validation:XValidation:rule="!has(self.caSecretRef) || has(self.urlSecretRef)",message="cache.caSecretRef belongs to urlSecretRef; a managed cache needs none"
type Cache struct {
	// urlSecretRef names the Secret with the redis:// or rediss:// URL, in key
	// uri when it names none.
	// +optional
	URLSecretRef *SecretKeyRef `json:"urlSecretRef,omitempty"`

	// caSecretRef names the Secret with the CA that signed the Redis server's
	// certificate, in PEM, in key ca.crt when it names none.
	// +optional
	CASecretRef *SecretKeyRef `json:"caSecretRef,omitempty"`

	// managed is a single Redis that the operator runs.
	// +optional
	Managed *ManagedCache `json:"managed,omitempty"`
}

// ManagedCache is a single Redis instance without a volume: what it holds can
// be lost at any time without logging anybody out.
type ManagedCache struct {
	// resources of Redis; 20m CPU and 64Mi of memory requested and 192Mi of memory
	// allowed when absent.
	// +optional
	Resources *corev1.ResourceRequirements `json:"resources,omitempty"`

	// sidecarResources are those of each container beside Redis, which has it take
	// up new passwords; 5m CPU and 16Mi of memory requested and 64Mi of memory
	// allowed when absent.
	// +optional
	SidecarResources *corev1.ResourceRequirements `json:"sidecarResources,omitempty"`

	// scheduling says where the pod may run; anywhere when absent.
	// +optional
	Scheduling *Scheduling `json:"scheduling,omitempty"`

	// image is the Redis container image; the operator's choice when absent.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=512
	Image string `json:"image,omitempty"`

	// rotatePasswordAfter asks for a new password from this time on, once: a
	// password that was made before is replaced while pods work. Now, to have
	// one at once.
	// +optional
	RotatePasswordAfter *metav1.Time `json:"rotatePasswordAfter,omitempty"`
}
