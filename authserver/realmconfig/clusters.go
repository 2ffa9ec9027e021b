// SPDX-License-Identifier: Apache-2.0

package realmconfig

import (
	"encoding/json"
	"fmt"
	"strings"
)

const (
	// ClustersFile is where the document of clusters is, below Dir: in the mount of the
	// clients' documents, and optional as each of those is.
	ClustersFile = "clients/clusters.json"
	// MaxClusters is how many a realm may know, the one among them that the operator runs in.
	MaxClusters = 17
)

// ClusterDocument is the Kubernetes clusters whose workloads may be clients.
type ClusterDocument struct {
	Version  int       `json:"version"`
	Clusters []Cluster `json:"clusters"`
}

// Cluster is what the ServiceAccount tokens of a Kubernetes cluster are verified with. Two
// clusters may have the same issuer, as most have that kubeadm has made: their keys tell
// them apart.
type Cluster struct {
	// Name is what clients call the cluster; empty for the one that the operator runs in.
	Name string `json:"name,omitempty"`
	// Issuer is the iss claim of its tokens, letter by letter: an https URL.
	Issuer string `json:"issuer"`
	// JWKS is the cluster's public keys and JWKSURI where they are: one of them. See
	// CheckJWKS.
	JWKS    json.RawMessage `json:"jwks,omitempty"`
	JWKSURI string          `json:"jwksURI,omitempty"`
}

// Validate reports every problem of d at once. It quotes no value.
func (d ClusterDocument) Validate() error {
	p := problems{}
	p.check(d.Version == Version, "version: is %d, this build reads %d", d.Version, Version)
	p.check(len(d.Clusters) <= MaxClusters, "clusters: must be %d at most", MaxClusters)
	seen := map[string]bool{}
	for i, c := range d.Clusters {
		p.check(!seen[c.Name], "clusters[%d].name: stands twice", i)
		seen[c.Name] = true
		if err := c.Validate(); err != nil {
			p.check(false, "clusters[%d]: %w", i, err)
		}
	}
	return p.join()
}

// Validate reports every problem of c at once. It quotes no value.
func (c Cluster) Validate() error {
	p := problems{}
	p.check(c.Name == "" || isDNSLabel(c.Name), "name: must be lower-case letters, digits and -")
	p.check(isEndpoint(c.Issuer) && strings.HasPrefix(c.Issuer, "https://"), "issuer: must be an https URL without fragment")
	p.check((len(c.JWKS) > 0) != (c.JWKSURI != ""), "jwks: a cluster needs jwks or jwksURI, and not both")
	if len(c.JWKS) > 0 {
		if err := CheckJWKS(c.JWKS); err != nil {
			p.check(false, "jwks: %w", err)
		}
	}
	p.check(c.JWKSURI == "" || isEndpoint(c.JWKSURI) && strings.HasPrefix(c.JWKSURI, "https://"), "jwksURI: must be an https URL without fragment")
	return p.join()
}

// PublicKeys are those of somebody who signs JWTs: a key set, or where one is.
type PublicKeys struct {
	// Owner tells whose they are from what others have at the same address.
	Owner   string
	JWKS    json.RawMessage
	JWKSURI string
}

// PublicKeys are the client's own.
func (c Client) PublicKeys() PublicKeys { return PublicKeys{c.ID, c.JWKS, c.JWKSURI} }

// PublicKeys are those that sign the cluster's ServiceAccount tokens. No client has an id
// with a space.
func (c Cluster) PublicKeys() PublicKeys {
	return PublicKeys{fmt.Sprintf("cluster %s", c.Name), c.JWKS, c.JWKSURI}
}
