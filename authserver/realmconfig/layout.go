// SPDX-License-Identifier: Apache-2.0

package realmconfig

import "strconv"

// Dir is where the operator mounts a realm's documents in every pod. Each name
// below it is a directory mount of one Secret or ConfigMap, never a subPath, so
// that the kubelet can swap its contents while the pod runs.
const Dir = "/etc/realmkeeper"

// Paths below Dir. See ClientFile for the clients' documents.
const (
	ConfigFile         = "config/config.json"
	KeysetFile         = "signing-keys/keyset-v2.json"
	EncryptionKeysFile = "encryption-keys/keys.json"

	// EarlierKeysetFile is for servers that know no KeysetFile. Where that is not
	// there, because an operator wrote it that does not know it, it is read instead.
	EarlierKeysetFile = "signing-keys/keyset.json"

	// CertificateFile holds the serving chain in PEM, leaf first;
	// CertificateKeyFile its private key.
	CertificateFile    = "tls/tls.crt"
	CertificateKeyFile = "tls/tls.key"

	// DatabaseURLFile and CacheURLFile hold one URL each, with credentials; see
	// ValidateDatabaseURL and ValidateCacheURL.
	DatabaseURLFile = "database/url"
	CacheURLFile    = "cache/url"

	// The rest is optional. DatabaseCAFile and CacheCAFile hold certificates in
	// PEM, for servers whose certificates no public CA has signed.
	DatabaseCAFile = "database-ca/ca.crt"
	CacheCAFile    = "cache-ca/ca.crt"

	// What the realm shows to SMTP server, SMS service and identity providers.
	SMTPUsernameFile   = "smtp/username"
	SMTPPasswordFile   = "smtp/password"
	SMTPCAFile         = "smtp-ca/ca.crt"
	SMSSecretFile      = "sms/secret"
	ProviderSecretsDir = "provider-credentials"

	// InitialAdmin…File exist only where migrations run.
	InitialAdminEmailFile    = "initial-admin/email"
	InitialAdminPasswordFile = "initial-admin/password"
)

// Ports every auth server pod listens on.
const (
	APIPort = 8443 // HTTPS: the API, JWKS, discovery
	OpsPort = 9090 // plain HTTP, never exposed by a Service: probes, metrics, Report
)

// ReportPath is where the ops listener serves the Report.
const ReportPath = "/configz"

// ClientFile is where the document of one shard of clients is, below Dir. All of them
// are in one mount, and each is optional.
func ClientFile(shard int) string { return "clients/clients-" + strconv.Itoa(shard) + ".json" }
