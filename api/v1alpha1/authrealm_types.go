// SPDX-License-Identifier: Apache-2.0

package v1alpha1

import (
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// AuthRealm is an identity platform of its own: auth server pods with their
// users, signing keys, database and cache.
//
// +kubebuilder:object:root=true
// +kubebuilder:subresource:status
// +kubebuilder:resource:path=authrealms,singular=authrealm,shortName=realm;realms,categories=realmkeeper
// +kubebuilder:printcolumn:name="Ready",type=string,JSONPath=`.status.conditions[?(@.type=="Ready")].status`,description="Whether pods serve the realm as its spec says"
// +kubebuilder:printcolumn:name="Reason",type=string,JSONPath=`.status.conditions[?(@.type=="Ready")].reason`,description="Why the realm is ready or not"
// +kubebuilder:printcolumn:name="Pods",type=string,JSONPath=`.status.config.pods`,description="Pods that run the newest settings, of all pods"
// +kubebuilder:printcolumn:name="Issuer",type=string,JSONPath=`.spec.issuer`,description="Where tokens say they come from"
// +kubebuilder:printcolumn:name="Endpoint",type=string,priority=1,JSONPath=`.status.endpoint`,description="Where the realm answers inside the cluster"
// +kubebuilder:printcolumn:name="Key",type=string,priority=1,JSONPath=`.status.signingKeys[?(@.state=="Active")].kid`,description="The key that signs"
// +kubebuilder:printcolumn:name="Requirements",type=string,priority=1,JSONPath=`.status.conditions[?(@.type=="RequirementsInForce")].reason`,description="How far requirements go with people who do not meet them"
// +kubebuilder:printcolumn:name="Logins/s",type=string,priority=1,JSONPath=`.status.capacity.loginsPerSecond`,description="How many passwords the pods can check in a second"
// +kubebuilder:printcolumn:name="Age",type=date,JSONPath=`.metadata.creationTimestamp`
// +kubebuilder:validation:XValidation:rule="size(self.metadata.name) <= 40",message="the name of an AuthRealm may have at most 40 characters, since the names of its Services and pods are made from it"
// +kubebuilder:validation:XValidation:rule="self.metadata.name.matches('^[a-z]([-a-z0-9]*[a-z0-9])?$')",message="the name of an AuthRealm must start with a letter and hold only lower-case letters, digits and '-', since its Service carries it"
type AuthRealm struct {
	metav1.TypeMeta `json:",inline"`

	// metadata is the standard object's metadata.
	// +optional
	metav1.ObjectMeta `json:"metadata,omitzero"`

	// spec is what the realm shall be.
	// +required
	Spec AuthRealmSpec `json:"spec,omitzero"`

	// status is what the realm is, as last observed.
	// +optional
	Status AuthRealmStatus `json:"status,omitzero"`
}

// AuthRealmList is a list of AuthRealms.
//
// +kubebuilder:object:root=true
type AuthRealmList struct {
	metav1.TypeMeta `json:",inline"`
	metav1.ListMeta `json:"metadata,omitzero"`
	Items           []AuthRealm `json:"items"`
}

// AuthRealmSpec is what a realm shall be. Only issuer is required.
//
// +kubebuilder:validation:XValidation:rule="!has(self.registration) || !has(self.registration.emailVerification) || self.registration.emailVerification != 'Required' || has(self.email)",message="registration.emailVerification Required needs email: without mail nobody can verify an address"
// +kubebuilder:validation:XValidation:rule="!has(self.login) || !has(self.login.mailCode) || self.login.mailCode != 'On' || has(self.email)",message="login.mailCode On needs email: without mail nobody is sent a code"
// +kubebuilder:validation:XValidation:rule="!has(self.registration) || !has(self.registration.passkeys) || !(self.registration.passkeys in ['Allowed', 'Only']) || has(self.passkeys)",message="registration.passkeys Allowed and Only need passkeys, such as passkeys: {}: without it the realm takes none"
// +kubebuilder:validation:XValidation:rule="!has(self.registration) || !has(self.registration.passkeys) || !(self.registration.passkeys in ['Allowed', 'Only']) || has(self.email)",message="registration.passkeys Allowed and Only need email: the link that an account is made with is mailed"
// +kubebuilder:validation:XValidation:rule="!(has(self.replicas) && has(self.autoscaling))",message="replicas (a number of pods) and autoscaling (a number that follows the load) exclude each other"
// +kubebuilder:validation:XValidation:rule="!has(self.autoscaling) || (has(self.autoscaling.metrics) && !has(self.autoscaling.targetCPUUtilization)) || (has(self.resources) && has(self.resources.requests) && has(self.resources.requests.cpu))",message="autoscaling by CPU needs resources.requests.cpu, of which utilization is a share"
// +kubebuilder:validation:XValidation:rule="!has(self.exposure) || !self.issuer.matches('^https://([0-9.]+|[[][^/]*)(:[0-9]+)?(/|$)')",message="exposure needs an issuer with a host name, by which gateways tell realms apart, not an IP address"
// +kubebuilder:validation:XValidation:rule="!has(self.passkeys) || !self.issuer.matches('^https://([0-9.]+|[[][^/]*)(:[0-9]+)?(/|$)')",message="passkeys needs an issuer with a host name, which a passkey belongs to for good, not an IP address"
// +kubebuilder:validation:XValidation:rule="!has(self.clients) || !has(self.clients.audiences) || !(self.issuer in self.clients.audiences)",message="clients.audiences must not name the issuer: at the realm's own API no client's token is good"
// +kubebuilder:validation:XValidation:rule="!has(self.examples) || has(self.claims)",message="examples are of claims: say the claims, or leave the examples out"
type AuthRealmSpec struct {
	// issuer is the URL that tokens carry as iss and under which applications
	// find the realm's discovery document.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=512
	// +kubebuilder:validation:XValidation:rule="self.startsWith('https://')",message="issuer must be an https:// URL"
	// +kubebuilder:validation:XValidation:rule="!self.startsWith('https://') || (isURL(self) && url(self).getHostname() != '')",message="issuer must be a URL with a host, such as https://login.example.com"
	// +kubebuilder:validation:XValidation:rule="!self.contains('?') && !self.contains('#')",message="issuer must have no query and no fragment"
	// +kubebuilder:validation:XValidation:rule="!self.contains('@')",message="issuer must have no user or password"
	// +kubebuilder:validation:XValidation:rule="!self.endsWith('/')",message="issuer must not end with a slash"
	// +kubebuilder:validation:XValidation:rule="!self.matches('^https://[^/:?#]') || self.contains('@') || self.contains(' ') || self.matches('^https://[!-.0-~]*(/|$)')",message="issuer must write its host in ASCII, as DNS has it: xn--mller-kva.example for müller.example"
	// +kubebuilder:validation:XValidation:rule="!self.matches('^https://[^/:?#]') || self.contains('@') || self.contains(' ') || !self.matches('^https://[!-.0-~]*(/|$)') || (self.matches('^https://([[][0-9a-fA-F:.]+[]]|[a-zA-Z0-9]([-a-zA-Z0-9]{0,61}[a-zA-Z0-9])?([.][a-zA-Z0-9]([-a-zA-Z0-9]{0,61}[a-zA-Z0-9])?)*)(:[0-9]*)?([/?#]|$)') && (!self.matches('^https://([^/:?#]*[.])?[0-9]+(:[0-9]*)?([/?#]|$)') || self.matches('^https://((25[0-5]|2[0-4][0-9]|1[0-9][0-9]|[1-9]?[0-9])[.]){3}(25[0-5]|2[0-4][0-9]|1[0-9][0-9]|[1-9]?[0-9])(:[0-9]*)?([/?#]|$)')) && !self.matches('^https://[^/:?#]{254}'))",message="issuer must have a host that DNS can hold, such as login.example.com, or an IP address: at most 253 characters, with 1 to 63 letters, digits and '-' between the dots"
	// +kubebuilder:validation:XValidation:rule="oldSelf.orValue('') == self || !self.matches('^https://[^/?#]*[A-Z]')",optionalOldSelf=true,message="issuer must write its host in lower-case letters, as browsers do, since applications compare it letter by letter: https://login.example.com"
	// +kubebuilder:validation:XValidation:rule="oldSelf.orValue('') == self || !self.matches('^https://[^/?#]*:[0-9]*([/?#]|$)') || (self.matches('^https://[^/?#]*:([1-9][0-9]{0,3}|[1-5][0-9]{4}|6[0-4][0-9]{3}|65[0-4][0-9]{2}|655[0-2][0-9]|6553[0-5])([/?#]|$)') && !self.matches('^https://[^/?#]*:443([/?#]|$)'))",optionalOldSelf=true,message="issuer must have a port from 1 to 65535 if it has one, and none for 443, which https:// means and browsers leave out"
	// +kubebuilder:validation:XValidation:rule="oldSelf.orValue('') == self || !self.startsWith('https://') || self.endsWith('/') || self.matches('[?#@]') || (self.matches('^https://[^/]*(/([-A-Za-z0-9._~!$&()*+,;=:]|\\x27|%[89A-F][0-9A-F])+)*$') && !self.matches('/[.][.]?(/|$)'))",optionalOldSelf=true,message="issuer must have a path in its normal form: single slashes, no '.' or '..' between them, no spaces, and what is not ASCII percent-encoded in capitals, such as /m%C3%BCller"
	Issuer string `json:"issuer,omitempty"`

	// replicas is the number of auth server pods; 2 when absent.
	// +optional
	// +kubebuilder:validation:Minimum=0
	// +kubebuilder:validation:Maximum=100
	Replicas *int32 `json:"replicas,omitempty"`

	// autoscaling chooses the number of auth server pods by how busy they are,
	// instead of replicas.
	// +optional
	Autoscaling *Autoscaling `json:"autoscaling,omitempty"`

	// image is the auth server's container image; the one of the operator's
	// own release when absent.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=512
	Image string `json:"image,omitempty"`

	// imagePullSecrets names the Secrets that the images of all the realm's pods, its
	// stores' among them, are pulled with; those that the operator was started with
	// when absent. Each must be in the realm's namespace.
	// +optional
	// +listType=map
	// +listMapKey=name
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=4
	ImagePullSecrets []SecretRef `json:"imagePullSecrets,omitempty"`

	// resources of one auth server pod; 50m CPU and 64Mi of memory requested
	// and 256Mi of memory allowed when absent.
	// +optional
	Resources *corev1.ResourceRequirements `json:"resources,omitempty"`

	// scheduling says where the auth server pods may run. The pods of managed stores
	// have a scheduling of their own.
	// +optional
	Scheduling *Scheduling `json:"scheduling,omitempty"`

	// database is where the realm remembers; a managed PostgreSQL when absent.
	// +optional
	Database *Database `json:"database,omitempty"`

	// cache answers the realm's hot questions; a managed Redis when absent.
	// +optional
	Cache *Cache `json:"cache,omitempty"`

	// tls is the certificate the realm serves; one of the operator's own CA
	// when absent.
	// +optional
	TLS *TLS `json:"tls,omitempty"`

	// signingKeys says how tokens are signed.
	// +optional
	SigningKeys *SigningKeys `json:"signingKeys,omitempty"`

	// tokens says what is issued and for how long.
	// +optional
	Tokens *Tokens `json:"tokens,omitempty"`

	// login says how password logins behave.
	// +optional
	Login *Login `json:"login,omitempty"`

	// passwords says which passwords are taken and how they are stored.
	// +optional
	Passwords *Passwords `json:"passwords,omitempty"`

	// registration says how accounts come to be.
	// +optional
	Registration *Registration `json:"registration,omitempty"`

	// forwardAuth says what gateways are told of whoever sends a request.
	// +optional
	ForwardAuth *ForwardAuth `json:"forwardAuth,omitempty"`

	// twoFactor says how second factors behave.
	// +optional
	TwoFactor *TwoFactor `json:"twoFactor,omitempty"`

	// passkeys lets people sign in with passkeys, which their devices keep, instead of a
	// password and a code, or with a security key as second factor; nobody can when absent.
	// They belong to the host of issuer, which must be a name, for good.
	// +optional
	Passkeys *Passkeys `json:"passkeys,omitempty"`

	// recovery says how long people wait who have no password and have lost their passkey or
	// provider; a day when absent.
	// +optional
	Recovery *Recovery `json:"recovery,omitempty"`

	// email is how the realm sends mail; it sends none when absent, and nobody
	// can reset a forgotten password then.
	// +optional
	Email *Email `json:"email,omitempty"`

	// sms is how the realm sends text messages; it sends none when absent.
	// +optional
	SMS *SMS `json:"sms,omitempty"`

	// ui says what users see and where their browsers are sent.
	// +optional
	UI *UI `json:"ui,omitempty"`

	// clients says which OAuthClients the realm takes; those of its own namespace when
	// absent.
	// +optional
	Clients *Clients `json:"clients,omitempty"`

	// administration says how well, and how recently, administrators must have signed in, to
	// the admin pages and the admin API; however they like when absent.
	// +optional
	Administration *Administration `json:"administration,omitempty"`

	// claims are said of people in what every OAuthClient is given, beside what tokens say of
	// everybody: a tenant, or groups as Kubernetes calls them. Each is an expression in CEL
	// over the person, their groups and identities, and the client.
	// +optional
	// +listType=map
	// +listMapKey=name
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=16
	// +kubebuilder:validation:XValidation:rule="self.all(a, self.exists_one(b, a.name.lowerAscii() == b.name.lowerAscii()))",message="claims must have names that differ in more than capitals, which many programs do not tell apart"
	Claims []Claim `json:"claims,omitempty"`

	// examples are people, with the claims that tokens must have for each: as long as one does
	// not hold, the realm is not Ready, and its claims stay as they were.
	// +optional
	// +listType=atomic
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=32
	Examples []ClaimExample `json:"examples,omitempty"`

	// personalAccessTokens lets people make tokens for programs of their own, each for one
	// OAuthClient that takes them, and administrators for service accounts; nobody may when
	// absent, and none is good.
	// +optional
	PersonalAccessTokens *PersonalAccessTokens `json:"personalAccessTokens,omitempty"`

	// cors says which pages may call the realm.
	// +optional
	CORS *CORS `json:"cors,omitempty"`

	// network says whom to believe about where requests come from, and how many
	// of them one source may send.
	// +optional
	Network *Network `json:"network,omitempty"`

	// audit says how long what happened is remembered.
	// +optional
	Audit *Audit `json:"audit,omitempty"`

	// tracing sends OpenTelemetry traces of requests to a collector; none are
	// made when absent.
	// +optional
	Tracing *Tracing `json:"tracing,omitempty"`

	// exposure is how requests from outside the cluster reach the realm; the
	// realm has a Service and nothing else when absent.
	// +optional
	Exposure *Exposure `json:"exposure,omitempty"`

	// networkPolicy says who may talk to the realm's pods, and to whom they may;
	// there is no policy when absent.
	// +optional
	NetworkPolicy *NetworkPolicy `json:"networkPolicy,omitempty"`

	// monitoring is what the realm brings along for Prometheus and Grafana;
	// nothing when absent.
	// +optional
	Monitoring *Monitoring `json:"monitoring,omitempty"`

	// initialAdmin is the first user, with the role admin.
	// +optional
	InitialAdmin *InitialAdmin `json:"initialAdmin,omitempty"`
}
