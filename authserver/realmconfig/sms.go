// SPDX-License-Identifier: Apache-2.0

package realmconfig

import "time"

// SMSKind says what takes a realm's text messages.
type SMSKind string

const (
	// Twilio is the Messages resource of Twilio's API, or a service that copies it.
	Twilio SMSKind = "Twilio"
	// Webhook is a request signed as Standard Webhooks 1.0 describes.
	Webhook SMSKind = "Webhook"
)

// TwilioURL is the root of Twilio's own API.
const TwilioURL = "https://api.twilio.com"

// SMS is how the realm sends text messages. The credential is in SMSSecretFile:
// Twilio's auth token, or the webhook's signing secret (whsec_…).
type SMS struct {
	// Kind is Twilio or Webhook, and has no default.
	Kind SMSKind `json:"kind"`
	// URL is the webhook, or the API's root, TwilioURL by default.
	URL string `json:"url"`
	// AccountSID and From are Twilio's.
	AccountSID string `json:"accountSID,omitempty"`
	From       string `json:"from,omitempty"`
	// Timeout bounds one delivery, connecting included: 1s to 1m, 10s by default.
	Timeout Duration `json:"timeout"`
	// MessagesPerHour is how many codes the realm sends in an hour to telephones that
	// are second factors, and as many again to those that are to become one: 0 to
	// 1000000, 1000 by default. Zero means no limit.
	MessagesPerHour int `json:"messagesPerHour,omitempty"`
	// AllowPrivateNetworks lets URL point into private address ranges; it may not
	// by default.
	AllowPrivateNetworks bool `json:"allowPrivateNetworks,omitempty"`
}

func (s SMS) validate(p *problems) {
	oneOf(p, "sms.kind", s.Kind, Twilio, Webhook)
	p.check(isHTTP(s.URL), "sms.url: must be an https or http URL")
	p.check(s.Kind != Twilio || s.AccountSID != "" && s.From != "", "sms.accountSID and sms.from: %s needs both", Twilio)
	p.duration("sms.timeout", s.Timeout, time.Second, time.Minute)
	p.number("sms.messagesPerHour", s.MessagesPerHour, 0, 1_000_000)
}
