// SPDX-License-Identifier: Apache-2.0

package render

import (
	"slices"
	"strings"

	"github.com/realmkeeper/realmkeeper/api/v1alpha1"
	"github.com/realmkeeper/realmkeeper/authserver/realmconfig"
)

// SecretReference is a Secret that a field of a realm's spec names.
type SecretReference struct {
	Field, Name string

	// Needed says that no auth server runs without what the Secret holds.
	Needed bool
}

// The fields that name Secrets which no auth server runs without, and the one by which
// an Ingress controller is told of one.
const (
	databaseURLField, databaseCAField = "database.urlSecretRef", "database.caSecretRef"
	cacheURLField, cacheCAField       = "cache.urlSecretRef", "cache.caSecretRef"
	certificateField                  = "tls.secretRef"

	// InitialAccessTokensField names the Secret with the tokens by which clients are registered.
	InitialAccessTokensField = "clients.registration.initialAccessTokens"

	// IngressSecretField names the certificate that an Ingress controller shows.
	IngressSecretField = "exposure.ingress.tlsSecretName"
)

// SecretReferences are those of the realm's spec whose content servers, an Ingress
// controller or the operator read. For those that kubelets pull images with, see NamedPullSecrets.
func SecretReferences(realm *v1alpha1.AuthRealm) []SecretReference {
	var all []SecretReference
	need := func(field, name string) { all = append(all, SecretReference{Field: field, Name: name, Needed: true}) }
	if !ManagesDatabase(realm) {
		need(databaseURLField, DatabaseURL(realm).Name)
		if ca := DatabaseCA(realm); ca != nil {
			need(databaseCAField, ca.Name)
		}
	}
	if !ManagesCache(realm) {
		need(cacheURLField, CacheURL(realm).Name)
		if ca := CacheCA(realm); ca != nil {
			need(cacheCAField, ca.Name)
		}
	}
	if !OwnsCertificate(realm) && !OrdersCertificate(realm) {
		need(certificateField, CertificateSecret(realm))
	}
	for _, s := range DeliverySecrets(realm) {
		all = append(all, SecretReference{Field: s.Field, Name: s.Name})
	}
	if name := InitialAccessTokens(realm); name != "" {
		all = append(all, SecretReference{Field: InitialAccessTokensField, Name: name})
	}
	if e := realm.Spec.Exposure; e != nil && e.Ingress != nil && e.Ingress.TLSSecretName != "" {
		all = append(all, SecretReference{Field: IngressSecretField, Name: e.Ingress.TLSSecretName})
	}
	return all
}

// InitialAccessTokens is the name of the Secret with the tokens by which clients are registered;
// empty where nobody may register any.
func InitialAccessTokens(realm *v1alpha1.AuthRealm) string {
	if c := realm.Spec.Clients; c != nil && c.Registration != nil {
		return c.Registration.InitialAccessTokens.Name
	}
	return ""
}

// OwnSecrets are the names of the Secrets that the operator makes of a realm, whether or
// not they are there yet.
func OwnSecrets(realm *v1alpha1.AuthRealm) []string {
	n := NamesOf(realm)
	names := []string{n.SigningKeys(), n.EncryptionKeys(), n.InitialAdmin(), n.ProviderCredentials()}
	if ManagesDatabase(realm) {
		names = append(names, n.Database())
	}
	if ManagesCache(realm) {
		names = append(names, n.Cache())
	}
	if ManagesDatabase(realm) || ManagesCache(realm) {
		names = append(names, n.StoresAuthority())
	}
	if OwnsCertificate(realm) {
		names = append(names, n.Authority(), n.Certificate())
	}
	if OrdersCertificate(realm) {
		names = append(names, n.OrderedCertificate())
	}
	return names
}

// OwnConfigMaps are OwnSecrets of ConfigMaps.
func OwnConfigMaps(realm *v1alpha1.AuthRealm) []string {
	n := NamesOf(realm)
	names := []string{n.Config(), n.TrustBundle(), n.Dashboard(), n.Clusters()}
	for shard := range realmconfig.ClientShards {
		names = append(names, n.Clients(shard))
	}
	return names
}

// NamedAsOwn reports whether a Secret is called like one that the operator makes of some
// realm and nobody else has a use for. Names that people give their own Secrets as well,
// such as shop-tls, are not among them.
func NamedAsOwn(secret string) bool {
	const some = Names("")
	return slices.ContainsFunc([]string{
		some.SigningKeys(), some.EncryptionKeys(), some.InitialAdmin(), some.ProviderCredentials(),
		some.OrderedCertificate(), some.StoresAuthority(),
	}, func(end string) bool { return strings.HasSuffix(secret, end) })
}
