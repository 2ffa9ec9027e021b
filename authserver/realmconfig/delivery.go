// SPDX-License-Identifier: Apache-2.0

package realmconfig

import (
	"net/mail"
	"net/url"
	"time"
)

// TransportSecurity says how a connection to an SMTP server is protected.
type TransportSecurity string

const (
	// StartTLS upgrades a plain connection and refuses to go on without
	// (RFC 3207); ImplicitTLS starts with a handshake (RFC 8314).
	StartTLS    TransportSecurity = "StartTLS"
	ImplicitTLS TransportSecurity = "TLS"
	// NoTLS is for a relay on the same node or in a mesh; credentials are never
	// sent over it.
	NoTLS TransportSecurity = "None"
)

// Email is how the realm sends mail. The credentials are in SMTPUsernameFile and
// SMTPPasswordFile, and a private CA in SMTPCAFile; each may be absent.
type Email struct {
	// From is an address with or without a name: "Example <login@example.com>".
	From     string            `json:"from"`
	Host     string            `json:"host"`
	Port     int               `json:"port"`
	Security TransportSecurity `json:"security"`
	// Timeout bounds one delivery, connecting included.
	Timeout Duration `json:"timeout"`
	// Product and SupportURL are named in mails; SupportURL may be empty.
	Product    string `json:"product"`
	SupportURL string `json:"supportURL,omitempty"`
	// Templates replace the built-in ones by name; see EmailTemplateNames.
	Templates map[string]EmailTemplate `json:"templates,omitempty"`
}

// EmailTemplate is text of Go's text/template and html/template, which is given
// MailFields; an empty part keeps the built-in one.
type EmailTemplate struct {
	Subject string `json:"subject,omitempty"`
	Text    string `json:"text,omitempty"`
	HTML    string `json:"html,omitempty"`
}

func (e Email) validate(p *problems) {
	_, err := mail.ParseAddress(e.From)
	p.check(err == nil, "email.from: must be an address such as Example <login@example.com>")
	p.check(e.Host != "", "email.host: must not be empty")
	p.check(e.Port >= 1 && e.Port <= 65535, "email.port: must be 1 to 65535")
	p.check(e.Security == StartTLS || e.Security == ImplicitTLS || e.Security == NoTLS,
		"email.security: must be %s, %s or %s", StartTLS, ImplicitTLS, NoTLS)
	p.between("email.timeout", e.Timeout, time.Second, 5*time.Minute)
	p.check(e.Product != "", "email.product: must not be empty")
	validateTemplates(p, e.Templates)
}

// SMSKind says what takes a realm's text messages.
type SMSKind string

const (
	// Twilio is the Messages resource of Twilio's API, or a service that copies it.
	Twilio SMSKind = "Twilio"
	// Webhook is a request signed as Standard Webhooks 1.0 describes.
	Webhook SMSKind = "Webhook"
)

// SMS is how the realm sends text messages. The credential is in SMSSecretFile:
// Twilio's auth token, or the webhook's signing secret (whsec_…).
type SMS struct {
	Kind SMSKind `json:"kind"`
	// URL is the webhook, or the API's root, https://api.twilio.com.
	URL string `json:"url"`
	// AccountSID and From are Twilio's.
	AccountSID string   `json:"accountSID,omitempty"`
	From       string   `json:"from,omitempty"`
	Timeout    Duration `json:"timeout"`
	// AllowPrivateNetworks lets URL point into private address ranges.
	AllowPrivateNetworks bool `json:"allowPrivateNetworks,omitempty"`
}

func (s SMS) validate(p *problems) {
	p.check(s.Kind == Twilio || s.Kind == Webhook, "sms.kind: must be %s or %s", Twilio, Webhook)
	p.check(isHTTP(s.URL), "sms.url: must be an https or http URL")
	p.check(s.Kind != Twilio || s.AccountSID != "" && s.From != "", "sms.accountSID and sms.from: %s needs both", Twilio)
	p.between("sms.timeout", s.Timeout, time.Second, time.Minute)
}

func isHTTP(raw string) bool {
	u, err := url.Parse(raw)
	return err == nil && (u.Scheme == "https" || u.Scheme == "http") && u.Host != "" && u.User == nil
}
