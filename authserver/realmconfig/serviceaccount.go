// SPDX-License-Identifier: Apache-2.0

package realmconfig

import (
	"fmt"
	"regexp"
	"slices"
)

// MaxServiceAccounts is how many workloads may be one client.
const MaxServiceAccounts = 20

// ServiceAccount is who a workload is in a Kubernetes cluster. A client that names it shows
// one of its projected tokens in place of a secret (RFC 7523, section 2.2).
type ServiceAccount struct {
	// Cluster is the name of a Cluster; empty for the one that the operator runs in.
	Cluster   string `json:"cluster,omitempty"`
	Namespace string `json:"namespace"`
	Name      string `json:"name"`
}

// Subject is the sub claim of the tokens of a ServiceAccount.
func (a ServiceAccount) Subject() string {
	return ServiceAccountSubject + a.Namespace + ":" + a.Name
}

// ServiceAccountSubject is what the sub claim of every ServiceAccount begins with. No client
// has an id with a colon.
const ServiceAccountSubject = "system:serviceaccount:"

func (c Client) validateServiceAccounts(p *problems) {
	p.check(len(c.ServiceAccounts) <= MaxServiceAccounts, "serviceAccounts: must be %d at most", MaxServiceAccounts)
	for i, a := range c.ServiceAccounts {
		field := fmt.Sprintf("serviceAccounts[%d]", i)
		p.check(a.Cluster == "" || isDNSLabel(a.Cluster), "%s.cluster: must be the name of a cluster", field)
		p.check(isDNSLabel(a.Namespace), "%s.namespace: must be the name of a namespace", field)
		p.check(len(a.Name) <= 253 && subdomainShape.MatchString(a.Name), "%s.name: must be the name of a ServiceAccount", field)
		p.check(a.Name != "default", "%s.name: must not be default, which every pod has that names no other", field)
		p.check(!slices.Contains(c.ServiceAccounts[:i], a), "%s: stands twice", field)
	}
}

// isDNSLabel reports whether a text is a label of RFC 1123, as names of namespaces are.
func isDNSLabel(text string) bool { return len(text) <= 63 && labelShape.MatchString(text) }

var (
	labelShape     = regexp.MustCompile(`^[a-z0-9]([-a-z0-9]*[a-z0-9])?$`)
	subdomainShape = regexp.MustCompile(`^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$`)
)
