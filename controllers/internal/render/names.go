// SPDX-License-Identifier: Apache-2.0

package render

import (
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/realmkeeper/realmkeeper/api/v1alpha1"
	"github.com/realmkeeper/realmkeeper/authserver/realmconfig"
)

// Names are the names of a realm's objects. Changing one orphans the object of
// the old name and, where pods mount it, rolls them.
type Names string

// NamesOf are the names for a realm.
func NamesOf(realm *v1alpha1.AuthRealm) Names { return Names(realm.Name) }

// Server names the auth server's Deployment, Service, PodDisruptionBudget, and
// whatever else there is one of in a realm.
func (n Names) Server() string { return string(n) }

// ServiceAccount names the auth server's ServiceAccount. Kubernetes has one called
// default in every namespace; a dot keeps another one clear of every other realm's.
func (n Names) ServiceAccount() string {
	const everyNamespaces = "default"
	if n == everyNamespaces {
		return everyNamespaces + ".realm"
	}
	return string(n)
}

// Config names the ConfigMap with the settings. It carries the contract's
// version, so that an old pod never reads a newer shape.
func (n Names) Config() string { return fmt.Sprintf("%s-config-v%d", n, realmconfig.Version) }

// Clients names the ConfigMap with one document of the realm's clients. It carries the
// contract's version, as Config does.
func (n Names) Clients(shard int) string {
	return fmt.Sprintf("%s-clients-%d-v%d", n, shard, realmconfig.Version)
}

// Clusters names the ConfigMap with the clusters whose workloads may be clients. It carries
// the contract's version, as Config does.
func (n Names) Clusters() string { return fmt.Sprintf("%s-clusters-v%d", n, realmconfig.Version) }

// SigningKeys names the Secret with the whole key set.
func (n Names) SigningKeys() string { return string(n) + "-signing-keys" }

// EncryptionKeys names the Secret with the keys that protect secrets at rest.
func (n Names) EncryptionKeys() string { return string(n) + "-encryption-keys" }

// InitialAdmin names the Secret with the first user's address and password.
func (n Names) InitialAdmin() string { return string(n) + "-initial-admin" }

// ProviderCredentials names the Secret with the client secrets of OAuthProviders.
func (n Names) ProviderCredentials() string { return string(n) + "-provider-credentials" }

// Authority names the Secret with the realm's own certificate authority.
func (n Names) Authority() string { return string(n) + "-ca" }

// StoresAuthority names the Secret with the certificate authority of the stores that the
// operator runs.
func (n Names) StoresAuthority() string { return string(n) + "-stores-authority" }

// AuthorityCommonName is the subject of the realm's own certificate authority. X.509
// holds at most 64 characters (RFC 5280, appendix A.1), and the names of a namespace
// and a realm may have more.
func AuthorityCommonName(realm *v1alpha1.AuthRealm) string {
	const longest = 64
	if name := realm.Namespace + "/" + realm.Name; len(name) <= longest {
		return name
	}
	return realm.Name
}

// TrustBundle names the ConfigMap with what clients trust.
func (n Names) TrustBundle() string { return string(n) + "-ca" }

// Certificate names the Secret with the certificate of the realm's own authority.
func (n Names) Certificate() string { return string(n) + "-tls" }

// OrderedCertificate names the Secret into which cert-manager puts the
// certificate it issues. It is not Certificate's, so that changing from one to
// the other takes nothing away from pods that run.
func (n Names) OrderedCertificate() string { return string(n) + "-tls-cert-manager" }

// Dashboard names the ConfigMap with the realm's Grafana dashboard.
func (n Names) Dashboard() string { return string(n) + "-dashboard" }

// Database names everything of the managed PostgreSQL.
func (n Names) Database() string { return string(n) + "-database" }

// DatabaseClaim names the volume claim of the managed PostgreSQL, as its StatefulSet does.
func (n Names) DatabaseClaim() string { return databaseVolume + "-" + n.Database() + "-0" }

// Cache names everything of the managed Redis.
func (n Names) Cache() string { return string(n) + "-cache" }

// Host is the host and, where it has one, port of the realm's issuer.
func Host(realm *v1alpha1.AuthRealm) string {
	u, err := url.Parse(realm.Spec.Issuer)
	if err != nil {
		return ""
	}
	return u.Hostname()
}

// ServingHosts are what the realm's certificate is for: the issuer's host and
// every name of its Service.
func ServingHosts(realm *v1alpha1.AuthRealm) []string {
	service := NamesOf(realm).Server()
	inNamespace := service + "." + realm.Namespace
	hosts := []string{
		Host(realm), service, inNamespace, inNamespace + ".svc", inNamespace + ".svc.cluster.local",
	}
	slices.Sort(hosts)
	return slices.Compact(slices.DeleteFunc(hosts, func(h string) bool { return h == "" }))
}

// Endpoint is the URL at which the realm's Service answers inside the cluster.
func Endpoint(realm *v1alpha1.AuthRealm) string {
	return fmt.Sprintf("https://%s.%s.svc", NamesOf(realm).Server(), realm.Namespace)
}

// ClientsOf is the realm whose clients a ConfigMap of the name has, and which of its
// documents; ok is false for any other name.
func ClientsOf(configMap string) (realm string, shard int, ok bool) {
	before, _, found := cutLast(configMap, fmt.Sprintf("-v%d", realmconfig.Version))
	realm, number, between := cutLast(before, "-clients-")
	shard, err := strconv.Atoi(number)
	ok = found && between && err == nil && shard >= 0 && shard < realmconfig.ClientShards && Names(realm).Clients(shard) == configMap
	return realm, shard, ok
}

// ClustersOf is the realm whose clusters a ConfigMap of the name has; ok is false for any
// other name.
func ClustersOf(configMap string) (realm string, ok bool) {
	realm, ok = strings.CutSuffix(configMap, Names("").Clusters())
	return realm, ok && realm != ""
}

func cutLast(text, sep string) (before, after string, found bool) {
	if i := strings.LastIndex(text, sep); i >= 0 {
		return text[:i], text[i+len(sep):], true
	}
	return text, "", false
}
