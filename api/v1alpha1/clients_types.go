// SPDX-License-Identifier: Apache-2.0

package v1alpha1

import metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

// AllowedNamespaces says in which namespaces a realm takes clients.
//
// +kubebuilder:validation:Enum=Same;All;Selector
type AllowedNamespaces string

const (
	// SameNamespace is the realm's own alone.
	SameNamespace AllowedNamespaces = "Same"
	// AllNamespaces is every one.
	AllNamespaces AllowedNamespaces = "All"
	// SelectedNamespaces are the realm's own, and those that a selector selects.
	SelectedNamespaces AllowedNamespaces = "Selector"
)

// Clients says which OAuthClients a realm takes, and what they may have.
//
// +kubebuilder:validation:MinProperties=1
// +kubebuilder:validation:XValidation:rule="(self.?allowedNamespaces.orValue('Same') == 'Selector') == has(self.namespaceSelector)",message="namespaceSelector goes with allowedNamespaces: Selector, and the other way round"
type Clients struct {
	// allowedNamespaces says whose OAuthClients the realm takes beside those of its own
	// namespace: nobody's with Same, everybody's with All, and with Selector those of the
	// namespaces that namespaceSelector selects; Same when absent.
	// +optional
	AllowedNamespaces AllowedNamespaces `json:"allowedNamespaces,omitempty"`

	// namespaceSelector selects namespaces by their labels. Each has its name under
	// kubernetes.io/metadata.name.
	// +optional
	NamespaceSelector *metav1.LabelSelector `json:"namespaceSelector,omitempty"`

	// audiences are whom access tokens of clients may be for, such as
	// https://api.example.com; for the clients alone when absent. The issuer cannot be
	// among them: at the realm's own API no client's token is good.
	// +optional
	// +listType=set
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=256
	// +kubebuilder:validation:items:MinLength=1
	// +kubebuilder:validation:items:MaxLength=255
	// +kubebuilder:validation:items:XValidation:rule="self.matches('^[!-~]+$')",message="each audience is a name or a URL in ASCII, without spaces"
	Audiences []string `json:"audiences,omitempty"`

	// clusters are other Kubernetes clusters whose workloads may be clients, by their
	// ServiceAccounts; none when absent. The one that the operator runs in is known without
	// a word here. Whoever rules such a cluster is each of its ServiceAccounts.
	// +optional
	// +listType=map
	// +listMapKey=name
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=16
	Clusters []Cluster `json:"clusters,omitempty"`

	// metadataDocuments lets clients that no OAuthClient declares be known by a document at
	// the https URL that is their client_id; there are none when absent. Like all that have
	// registered themselves, they are public, people are asked about them, and their access
	// tokens are for what an OAuthClient's protectedResource declares.
	// +optional
	MetadataDocuments *MetadataDocuments `json:"metadataDocuments,omitempty"`

	// registration lets whoever has an initial access token register clients that no
	// OAuthClient declares (RFC 7591); nobody can when absent, and those that were are no
	// clients any more.
	// +optional
	Registration *ClientRegistration `json:"registration,omitempty"`

	// allowPrivateNetworks lets the URLs of clients and clusters that the auth server calls
	// point into private address ranges, such as those of the cluster: jwksURI,
	// backchannelLogoutURI, and the ids of clients with metadataDocuments.
	// +optional
	AllowPrivateNetworks bool `json:"allowPrivateNetworks,omitempty"`
}
