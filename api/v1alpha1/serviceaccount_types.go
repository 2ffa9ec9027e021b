// SPDX-License-Identifier: Apache-2.0

package v1alpha1

// ServiceAccountRef names who a workload is, in this cluster or in another one.
type ServiceAccountRef struct {
	// cluster is the name of the cluster in the realm's spec.clients.clusters; the one that
	// the operator runs in when absent.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=63
	// +kubebuilder:validation:XValidation:rule="self.matches('^[a-z0-9]([-a-z0-9]*[a-z0-9])?$')",message="cluster must be the name of a cluster in the realm's spec.clients.clusters: lower-case letters, digits and '-', such as staging; leave it out for the operator's own"
	Cluster string `json:"cluster,omitempty"`

	// namespace of the ServiceAccount, which may be another one than the client's: who lists
	// an account gives it the client's rights, and takes nothing from it.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=63
	// +kubebuilder:validation:XValidation:rule="self.matches('^[a-z0-9]([-a-z0-9]*[a-z0-9])?$')",message="namespace must be the name of a namespace: lower-case letters, digits and '-', such as shop"
	Namespace string `json:"namespace,omitempty"`

	// name of the ServiceAccount. It is not default, which every pod of the namespace has
	// that names no other.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	// +kubebuilder:validation:XValidation:rule="self.matches('^[a-z0-9]([-a-z0-9]*[a-z0-9])?([.][a-z0-9]([-a-z0-9]*[a-z0-9])?)*$')",message="name must be the name of a ServiceAccount: lower-case letters, digits, '-' and '.', such as orders"
	// +kubebuilder:validation:XValidation:rule="self != 'default'",message="name must not be default, the ServiceAccount of every pod that names no other; create one for this workload, and set serviceAccountName of its pods"
	Name string `json:"name,omitempty"`
}

// Cluster is another Kubernetes cluster whose workloads may be clients.
//
// +kubebuilder:validation:XValidation:rule="has(self.jwks) != has(self.jwksURI)",message="a cluster needs jwks, its public keys, or jwksURI, where they are, and not both"
// +kubebuilder:validation:XValidation:rule="!has(self.jwksURI) || self.jwksURI.startsWith('https://')",message="jwksURI must be an https:// URL"
type Cluster struct {
	// name is what clients call the cluster, in spec.serviceAccounts[].cluster.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=63
	// +kubebuilder:validation:XValidation:rule="self.matches('^[a-z0-9]([-a-z0-9]*[a-z0-9])?$')",message="name must be lower-case letters, digits and '-', such as staging"
	Name string `json:"name,omitempty"`

	// issuer is the iss of the cluster's ServiceAccount tokens, letter by letter, such as
	// https://kubernetes.default.svc.cluster.local. Its discovery document says it, at
	// /.well-known/openid-configuration. Clusters may have the same one: their keys tell
	// them apart.
	// +required
	// +kubebuilder:validation:XValidation:rule="self.startsWith('https://')",message="issuer must be an https:// URL, as the cluster's tokens say it, such as https://kubernetes.default.svc.cluster.local"
	Issuer ClientURL `json:"issuer,omitempty"`

	// jwks are the cluster's public keys, as it says them at /openid/v1/jwks. Put the names
	// "n" and "y" in quotes: to YAML they mean no and yes without.
	// +optional
	JWKS *JSONWebKeySet `json:"jwks,omitempty"`

	// jwksURI is where the keys are, for a cluster that shows them to everybody. Auth
	// servers ask there; see allowPrivateNetworks.
	// +optional
	JWKSURI ClientURL `json:"jwksURI,omitempty"`
}
