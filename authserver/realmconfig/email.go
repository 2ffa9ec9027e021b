// SPDX-License-Identifier: Apache-2.0

package realmconfig

import (
	"net/mail"
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

// Port is the one that RFC 8314, section 7, or for a relay RFC 5321, section
// 4.5.4.2, assigns.
func (s TransportSecurity) Port() int {
	switch s {
	case ImplicitTLS:
		return 465
	case NoTLS:
		return 25
	default:
		return 587
	}
}

// Email is how the realm sends mail. The credentials are in SMTPUsernameFile and
// SMTPPasswordFile, and a private CA in SMTPCAFile; each may be absent.
type Email struct {
	// From is an address with or without a name: "Example <login@example.com>".
	From string `json:"from"`
	// Host is the SMTP server's name or IP address.
	Host string `json:"host"`
	// Port is 1 to 65535, 587 by default; with another Security, that one's Port.
	Port int `json:"port"`
	// Security is StartTLS by default.
	Security TransportSecurity `json:"security"`
	// AllowPrivateNetworks lets Host be in private address ranges; it may not by
	// default.
	AllowPrivateNetworks bool `json:"allowPrivateNetworks,omitempty"`
	// Timeout bounds one delivery, connecting included: 1s to 5m, 30s by default.
	Timeout Duration `json:"timeout"`
	// MessagesPerHour is how many mails of each kind the realm sends in an hour that
	// anybody may cause: 0 to 1000000, 5000 by default. Zero means no limit.
	MessagesPerHour int `json:"messagesPerHour,omitempty"`
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
	p.number("email.port", e.Port, 1, 65535)
	oneOf(p, "email.security", e.Security, StartTLS, ImplicitTLS, NoTLS)
	p.duration("email.timeout", e.Timeout, time.Second, 5*time.Minute)
	p.number("email.messagesPerHour", e.MessagesPerHour, 0, 1_000_000)
	p.check(e.Product != "", "email.product: must not be empty")
	validateTemplates(p, e.Templates)
}
