// SPDX-License-Identifier: Apache-2.0

package v1alpha1

import metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

// Email is how a realm sends mail.
type Email struct {
	// from is the sender, with or without a name: Example <login@example.com>.
	// +required
	// +kubebuilder:validation:MinLength=3
	// +kubebuilder:validation:MaxLength=320
	// +kubebuilder:validation:XValidation:rule="self.matches('^(([^][()<>:;@,\"[:cntrl:]\\\\\\\\]+|\"[^\"[:cntrl:]\\\\\\\\]*\") <[a-zA-Z0-9!#$%&*+/=?^_\\\\x60\\\\x27{|}~-]+([.][a-zA-Z0-9!#$%&*+/=?^_\\\\x60\\\\x27{|}~-]+)*@[a-zA-Z0-9]([-a-zA-Z0-9]{0,61}[a-zA-Z0-9])?([.][a-zA-Z0-9]([-a-zA-Z0-9]{0,61}[a-zA-Z0-9])?)*>|[a-zA-Z0-9!#$%&*+/=?^_\\\\x60\\\\x27{|}~-]+([.][a-zA-Z0-9!#$%&*+/=?^_\\\\x60\\\\x27{|}~-]+)*@[a-zA-Z0-9]([-a-zA-Z0-9]{0,61}[a-zA-Z0-9])?([.][a-zA-Z0-9]([-a-zA-Z0-9]{0,61}[a-zA-Z0-9])?)*)$') && self.matches('(^|<)[^@<>]{1,64}@[^@]+$') && !self.matches('[@.][0-9]+>?$')",message="from must be an address such as login@example.com or Example <login@example.com>, of ASCII letters; write a domain of other letters in its form with xn--"
	From string `json:"from,omitempty"`

	// smtp is the server that takes the mails.
	// +required
	SMTP SMTP `json:"smtp,omitzero"`

	// timeout bounds one delivery, connecting included; 30s when absent.
	// +optional
	// +realmkeeper:validation:Duration:example="30s",min="1s",max="5m"
	Timeout *metav1.Duration `json:"timeout,omitempty"`

	// messagesPerHour is how many mails of each kind the realm sends in an hour that
	// anybody may cause: links to reset a password, to prove or change an address,
	// codes to sign in with, and news about addresses that nobody has proved. 5000
	// when absent, 0 for no limit.
	// +optional
	// +kubebuilder:validation:Minimum=0
	// +kubebuilder:validation:Maximum=1000000
	MessagesPerHour *int32 `json:"messagesPerHour,omitempty"`

	// supportURL is where mails send people who need help;
	// ui.supportURL when absent.
	// +optional
	SupportURL WebURL `json:"supportURL,omitempty"`

	// templates replace built-in mails, each under its name: verify-email,
	// already-registered, reset-password, password-changed, email-changed, new-device,
	// device-allowed, second-factor-added, second-factor-removed, passkey-added,
	// passkey-removed, identity-linked, personal-access-token-made, account-locked,
	// account-reclaimed, account-recovered, recovery-link, recovery-begun,
	// recovery-ready, recovery-cancelled, registration-link, code or set-up-code.
	// docs/email.md has their fields.
	// +optional
	// +kubebuilder:validation:MinProperties=1
	// +kubebuilder:validation:MaxProperties=23
	// +kubebuilder:validation:XValidation:rule="self.all(name, name in ['verify-email', 'already-registered', 'reset-password', 'password-changed', 'email-changed', 'new-device', 'device-allowed', 'second-factor-added', 'second-factor-removed', 'passkey-added', 'passkey-removed', 'identity-linked', 'personal-access-token-made', 'account-locked', 'account-reclaimed', 'account-recovered', 'recovery-link', 'recovery-begun', 'recovery-ready', 'recovery-cancelled', 'registration-link', 'code', 'set-up-code'])",message="templates are named verify-email, already-registered, reset-password, password-changed, email-changed, new-device, device-allowed, second-factor-added, second-factor-removed, passkey-added, passkey-removed, identity-linked, personal-access-token-made, account-locked, account-reclaimed, account-recovered, recovery-link, recovery-begun, recovery-ready, recovery-cancelled, registration-link, code or set-up-code"
	Templates map[string]EmailTemplate `json:"templates,omitempty"`
}

// SMTPSecurity says how a connection to an SMTP server is protected.
//
// +kubebuilder:validation:Enum=StartTLS;TLS;None
type SMTPSecurity string

const (
	// SMTPStartTLS upgrades a plain connection, and sends nothing when the
	// server does not (RFC 3207).
	SMTPStartTLS SMTPSecurity = "StartTLS"
	// SMTPTLS starts with a handshake (RFC 8314).
	SMTPTLS SMTPSecurity = "TLS"
	// SMTPNone is for a relay on the same node or in a mesh.
	SMTPNone SMTPSecurity = "None"
)

// SMTP is a server that takes mails.
//
// +kubebuilder:validation:XValidation:rule="!has(self.security) || self.security != 'None' || !has(self.credentialsSecretRef)",message="security None never sends credentials; leave credentialsSecretRef out, or use StartTLS or TLS"
// +kubebuilder:validation:XValidation:rule="!has(self.security) || self.security != 'None' || !has(self.caSecretRef)",message="security None has no certificate to verify; leave caSecretRef out, or use StartTLS or TLS"
type SMTP struct {
	// host is the server's name or IP address.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	// +kubebuilder:validation:XValidation:rule="isIP(self) || self.matches('^[a-zA-Z0-9]([-._a-zA-Z0-9]*[a-zA-Z0-9])?$')",message="host must be a host name or an IP address alone, such as smtp.example.com; the port has a field of its own"
	Host string `json:"host,omitempty"`

	// port of the server; when absent 587, with security TLS 465, with None 25.
	// +optional
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=65535
	Port *int32 `json:"port,omitempty"`

	// security is StartTLS (also when absent), TLS or None.
	// +optional
	Security SMTPSecurity `json:"security,omitempty"`

	// allowPrivateNetworks lets the host be in private address ranges, such as
	// those of the cluster.
	// +optional
	AllowPrivateNetworks bool `json:"allowPrivateNetworks,omitempty"`

	// credentialsSecretRef names the Secret to log in with; no login when absent.
	// +optional
	CredentialsSecretRef *CredentialsSecretRef `json:"credentialsSecretRef,omitempty"`

	// caSecretRef names the Secret with the CA that signed the server's
	// certificate, in PEM, in key ca.crt when it names none. Public CAs are
	// trusted without.
	// +optional
	CASecretRef *SecretKeyRef `json:"caSecretRef,omitempty"`
}

// CredentialsSecretRef names a Secret with a user name and a password. One of
// type kubernetes.io/basic-auth fits as it is.
type CredentialsSecretRef struct {
	// name of the Secret.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	// +kubebuilder:validation:XValidation:rule="self.matches('^[a-z0-9]([-a-z0-9]*[a-z0-9])?([.][a-z0-9]([-a-z0-9]*[a-z0-9])?)*$')",message="name must be the name of a Secret: lower-case letters, digits, '-' and '.', such as shop-credentials"
	Name string `json:"name,omitempty"`

	// usernameKey within the Secret's data; username when absent.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	// +kubebuilder:validation:XValidation:rule="self.matches('^[-._a-zA-Z0-9]+$')",message="usernameKey may hold only letters, digits, '-', '_' and '.'"
	// +kubebuilder:validation:XValidation:rule="self != '.' && !self.startsWith('..')",message="usernameKey must not be '.' and must not begin with '..', which are folders"
	UsernameKey string `json:"usernameKey,omitempty"`

	// passwordKey within the Secret's data; password when absent.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	// +kubebuilder:validation:XValidation:rule="self.matches('^[-._a-zA-Z0-9]+$')",message="passwordKey may hold only letters, digits, '-', '_' and '.'"
	// +kubebuilder:validation:XValidation:rule="self != '.' && !self.startsWith('..')",message="passwordKey must not be '.' and must not begin with '..', which are folders"
	PasswordKey string `json:"passwordKey,omitempty"`
}

// EmailTemplate is text of Go's text/template and html/template, without loops.
//
// +kubebuilder:validation:MinProperties=1
type EmailTemplate struct {
	// subject of the mail; the built-in one when absent.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=512
	Subject string `json:"subject,omitempty"`

	// text is the mail in plain text; the built-in one when absent.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=16384
	Text string `json:"text,omitempty"`

	// html is the mail in HTML; the built-in one when absent.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=32768
	HTML string `json:"html,omitempty"`
}

// SMS is how a realm sends text messages: through Twilio's API, or through a
// webhook of yours.
//
// +kubebuilder:validation:XValidation:rule="!(has(self.twilio) && has(self.webhook))",message="sms takes twilio or webhook, not both"
// +kubebuilder:validation:XValidation:rule="has(self.twilio) || has(self.webhook)",message="sms needs twilio or webhook"
// +kubebuilder:validation:XValidation:rule="(has(self.allowPrivateNetworks) && self.allowPrivateNetworks) || !((has(self.webhook) && has(self.webhook.url) && self.webhook.url.startsWith('http://')) || (has(self.twilio) && has(self.twilio.url) && self.twilio.url.startsWith('http://')))",message="url must be an https:// URL; http:// is for private networks, with allowPrivateNetworks: true"
type SMS struct {
	// twilio is Twilio's Messages API, or that of a service that copies it.
	// +optional
	Twilio *Twilio `json:"twilio,omitempty"`

	// webhook is asked to send each message, with a request signed as Standard
	// Webhooks describes.
	// +optional
	Webhook *SMSWebhook `json:"webhook,omitempty"`

	// allowPrivateNetworks lets the URL point into private address ranges, such
	// as those of the cluster.
	// +optional
	AllowPrivateNetworks bool `json:"allowPrivateNetworks,omitempty"`

	// messagesPerHour is how many codes the realm sends in an hour to telephones
	// that are second factors, and as many again to those that are to become one;
	// 1000 when absent, 0 for no limit.
	// +optional
	// +kubebuilder:validation:Minimum=0
	// +kubebuilder:validation:Maximum=1000000
	MessagesPerHour *int32 `json:"messagesPerHour,omitempty"`

	// timeout bounds one delivery, connecting included; 10s when absent.
	// +optional
	// +realmkeeper:validation:Duration:example="10s",min="1s",max="1m"
	Timeout *metav1.Duration `json:"timeout,omitempty"`
}

// Twilio is an account that sends text messages.
//
// +kubebuilder:validation:XValidation:rule="has(self.url) || self.accountSID.matches('^AC[0-9a-fA-F]{32}$')",message="accountSID must be AC and 32 hexadecimal digits, as Twilio's console shows it"
type Twilio struct {
	// accountSID names the account, such as AC0123456789abcdef0123456789abcdef.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=64
	// +kubebuilder:validation:XValidation:rule="self.matches('^[-_a-zA-Z0-9]+$')",message="accountSID may hold only letters, digits, '-' and '_'"
	AccountSID string `json:"accountSID,omitempty"`

	// from is the sender's telephone number in E.164 form, such as +15005550006.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=16
	// +kubebuilder:validation:XValidation:rule="self.matches('^[+][1-9][0-9]{4,14}$')",message="from must be a telephone number with its country code and without spaces, such as +15005550006"
	From string `json:"from,omitempty"`

	// authTokenSecretRef names the Secret with the account's auth token, in key
	// authToken when it names none.
	// +required
	AuthTokenSecretRef SecretKeyRef `json:"authTokenSecretRef,omitzero"`

	// url is the root of the API, for a service that copies Twilio's;
	// https://api.twilio.com when absent.
	// +optional
	URL EndpointURL `json:"url,omitempty"`
}

// SMSWebhook takes text messages as signed requests.
type SMSWebhook struct {
	// url that each message is posted to.
	// +required
	URL EndpointURL `json:"url,omitempty"`

	// signingSecretRef names the Secret with the signing secret (whsec_ and 24
	// to 64 bytes in base64), in key signingSecret when it names none.
	// +required
	SigningSecretRef SecretKeyRef `json:"signingSecretRef,omitzero"`
}
