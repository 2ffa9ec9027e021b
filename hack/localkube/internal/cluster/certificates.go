// SPDX-License-Identifier: Apache-2.0

package cluster

import (
	"fmt"
	"net"
	"os"
	"path/filepath"
	"time"

	"github.com/realmkeeper/realmkeeper/hack/localkube/internal/pki"
)

// users maps the name of each kubeconfig to whom its holder is for the API server.
var users = map[string]pki.Identity{
	"admin":                   {Name: "localkube:admin", Groups: []string{"system:masters"}},
	"kube-controller-manager": {Name: "system:kube-controller-manager"},
	"kube-scheduler":          {Name: "system:kube-scheduler"},
	"kube-proxy":              {Name: "system:kube-proxy"},
	"coredns":                 {Name: "localkube:coredns"},
	"local-storage":           {Name: "localkube:local-storage"},
	"kubelet": {
		Name: "system:node:" + nodeName, Groups: []string{"system:nodes"},
		DNSNames: []string{nodeName}, Addresses: []net.IP{net.ParseIP(nodeAddress)},
	},
}

// issueCertificates fills the folder once; a node that starts again keeps its
// certificates. etcd has an authority of its own, because it lets in whoever
// has a certificate of its authority.
func issueCertificates(folder string, now time.Time) error {
	if pki.Exists(folder, "complete") {
		return nil
	}
	if err := os.MkdirAll(folder, 0o700); err != nil {
		return fmt.Errorf("create folder of certificates: %w", err)
	}
	authority, err := pki.NewAuthority(folder, "ca", now)
	if err != nil {
		return err
	}
	etcd, err := pki.NewAuthority(folder, "etcd-ca", now)
	if err != nil {
		return err
	}
	node := []net.IP{net.ParseIP(nodeAddress)}
	for file, identity := range users {
		if err := authority.Issue(folder, file, identity, now); err != nil {
			return err
		}
	}
	if err := authority.Issue(folder, "apiserver", pki.Identity{
		Name:      "kube-apiserver",
		Addresses: append(node, net.ParseIP(apiServiceIP)),
		DNSNames: []string{nodeName, "kubernetes", "kubernetes.default", "kubernetes.default.svc",
			"kubernetes.default.svc.cluster.local"},
	}, now); err != nil {
		return err
	}
	if err := etcd.Issue(folder, "etcd", pki.Identity{Name: "etcd", Addresses: node}, now); err != nil {
		return err
	}
	if err := etcd.Issue(folder, "etcd-client", pki.Identity{Name: "kube-apiserver"}, now); err != nil {
		return err
	}
	if _, err := pki.NewKey(folder, "service-accounts"); err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(folder, "complete"), nil, 0o600); err != nil {
		return fmt.Errorf("mark certificates complete: %w", err)
	}
	return nil
}
