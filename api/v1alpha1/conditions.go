// SPDX-License-Identifier: Apache-2.0

package v1alpha1

// Conditions of an AuthRealm. Every one is present after every pass of the
// operator; True is good.
const (
	// ReadyCondition sums up the others: pods serve the generation of the spec that it is
	// about. It stays True, and about the generation before, while pods come to a newer
	// one within their usual time and somebody is served; and while keys, certificates or
	// Secrets that are renewed under the same generation are on their way to the pods.
	ReadyCondition = "Ready"
	// IssuerUniqueCondition says whether no older realm has the same issuer.
	IssuerUniqueCondition = "IssuerUnique"
	// DatabaseReadyCondition says whether there is a PostgreSQL to connect to.
	DatabaseReadyCondition = "DatabaseReady"
	// CacheReadyCondition says whether there is a Redis to connect to.
	CacheReadyCondition = "CacheReady"
	// CertificateReadyCondition says whether there is a certificate for the issuer's host.
	CertificateReadyCondition = "CertificateReady"
	// SigningKeysReadyCondition says whether there is a key to sign tokens with.
	SigningKeysReadyCondition = "SigningKeysReady"
	// ResourcesAppliedCondition says whether every object of the realm is as it should be.
	ResourcesAppliedCondition = "ResourcesApplied"
	// ConfigPropagatedCondition says whether every pod runs the newest settings, keys and certificate.
	ConfigPropagatedCondition = "ConfigPropagated"
	// SecretsFoundCondition says whether every Secret that email, sms, clients.registration and
	// imagePullSecrets name is there.
	SecretsFoundCondition = "SecretsFound"
	// BrandingAcceptedCondition says whether pages look and speak as ui says.
	BrandingAcceptedCondition = "BrandingAccepted"
	// ClaimsReadyCondition says whether the claims of a realm or a client can be evaluated, and
	// all of its examples hold.
	ClaimsReadyCondition = "ClaimsReady"
	// AvailableCondition says whether the Deployment serves this generation of the spec.
	AvailableCondition = "Available"
	// ProxiesNamedCondition says whether network.trustedProxies names every proxy that
	// requests come through. Ready does not depend on it.
	ProxiesNamedCondition = "ProxiesNamed"
	// RequirementsInForceCondition says whether twoFactor.required and passwords.existing go
	// as far with people as their enforcement says. Ready does not depend on it.
	RequirementsInForceCondition = "RequirementsInForce"
	// ExposedCondition says whether what exposure asks for leads to the realm.
	ExposedCondition = "Exposed"
	// MonitoredCondition says whether what monitoring asks for is there.
	MonitoredCondition = "Monitored"
)

// Conditions of an OAuthProvider besides Ready, which sums them up. Every one is
// present after every pass of the operator; True is good.
const (
	// RealmFoundCondition says whether the AuthRealm exists.
	RealmFoundCondition = "RealmFound"
	// SecretFoundCondition says whether the client secret is there.
	SecretFoundCondition = "SecretFound"
	// AcceptedCondition says whether an auth server can use the spec.
	AcceptedCondition = "Accepted"
	// CallbackDistinctCondition says whether no answer of the provider can be taken
	// for another's, nor another's for its own.
	CallbackDistinctCondition = "CallbackDistinct"
	// DiscoveredCondition says whether the provider tells where it answers and with
	// which keys it signs.
	DiscoveredCondition = "Discovered"
	// CredentialsAcceptedCondition says whether the provider knows the client and
	// takes its secret.
	CredentialsAcceptedCondition = "CredentialsAccepted"
	// AttachedCondition says whether every pod of the realm runs this spec.
	AttachedCondition = "Attached"
)

// Conditions of an OAuthClient besides Ready, which sums them up, RealmFound and Attached.
// Every one is present after every pass of the operator; True is good.
const (
	// AdmittedCondition says whether the realm takes the client: from its namespace, with
	// its audiences, as its settings are.
	AdmittedCondition = "Admitted"
	// SecretWrittenCondition says whether the Secret holds what the application needs.
	SecretWrittenCondition = "SecretWritten"
)

// AuthRealmConditions are the types of every condition of an AuthRealm, the
// summary first, the rest in the order in which they come true.
func AuthRealmConditions() []string {
	return []string{
		ReadyCondition,
		ClaimsReadyCondition,
		ResourcesAppliedCondition,
		IssuerUniqueCondition,
		SigningKeysReadyCondition,
		CertificateReadyCondition,
		DatabaseReadyCondition,
		CacheReadyCondition,
		SecretsFoundCondition,
		BrandingAcceptedCondition,
		AvailableCondition,
		ConfigPropagatedCondition,
		ProxiesNamedCondition,
		RequirementsInForceCondition,
		ExposedCondition,
		MonitoredCondition,
	}
}

// OAuthProviderConditions are the types of every condition of an OAuthProvider,
// the summary first, the rest in the order in which they come true.
func OAuthProviderConditions() []string {
	return []string{
		ReadyCondition,
		RealmFoundCondition,
		SecretFoundCondition,
		AcceptedCondition,
		CallbackDistinctCondition,
		DiscoveredCondition,
		CredentialsAcceptedCondition,
		AttachedCondition,
	}
}

// OAuthClientConditions are the types of every condition of an OAuthClient, the summary
// first, the rest in the order in which they come true.
func OAuthClientConditions() []string {
	return []string{
		ReadyCondition,
		RealmFoundCondition,
		AdmittedCondition,
		ClaimsReadyCondition,
		SecretWrittenCondition,
		AttachedCondition,
	}
}
