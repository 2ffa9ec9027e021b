// SPDX-License-Identifier: Apache-2.0

package realmconfig

import (
	"errors"
	"net/url"
	"strings"
)

// Config is everything a realm's auth server is told that is not a secret.
// The operator fills in every field; the server has no defaults of its own. See
// Defaults for what a realm that says nothing is told.
type Config struct {
	Version int `json:"version"`

	// Realm is the namespace and name of the AuthRealm, "identity/quickstart".
	// It labels logs and metrics and has no meaning in the protocol.
	Realm string `json:"realm"`

	// Issuer is the iss claim of every token (RFC 8414, section 2): an https
	// URL with no query or fragment.
	Issuer string `json:"issuer"`

	Tokens       Tokens       `json:"tokens"`
	Login        Login        `json:"login"`
	Passwords    Passwords    `json:"passwords"`
	Registration Registration `json:"registration"`
	ForwardAuth  ForwardAuth  `json:"forwardAuth,omitzero"`
	TwoFactor    TwoFactor    `json:"twoFactor"`

	// Passkeys is nil where nobody signs in with one.
	Passkeys *Passkeys `json:"passkeys,omitempty"`

	// Recovery is nil where people without a password wait as DefaultRecovery says.
	Recovery *Recovery `json:"recovery,omitempty"`

	// Email and SMS are nil where the realm cannot send any.
	Email *Email `json:"email,omitempty"`
	SMS   *SMS   `json:"sms,omitempty"`

	// Providers are the other identity providers that users may sign in with.
	Providers []Provider `json:"providers,omitempty"`

	Browser Browser `json:"browser"`
	UI      UI      `json:"ui"`
	Network Network `json:"network"`
	Audit   Audit   `json:"audit"`

	Clients Clients `json:"clients,omitzero"`

	// Claims are said in what every client is given: at most 16 (MaxClaims).
	Claims []Claim `json:"claims,omitempty"`

	// PersonalAccessTokens is nil where nobody may make any, and none is good.
	PersonalAccessTokens *PersonalAccessTokens `json:"personalAccessTokens,omitempty"`

	// Administration is nil where administrators may have signed in however they like.
	Administration *Administration `json:"administration,omitempty"`

	// Tracing is nil where nothing is traced.
	Tracing *Tracing `json:"tracing,omitempty"`
}

// Address is that of a path below the issuer, which may have a path of its own.
func (c Config) Address(path string) string { return strings.TrimSuffix(c.Issuer, "/") + path }

// Validate reports every problem of c at once, joined, in the words of the
// document's field names.
func (c Config) Validate() error {
	p := problems{}
	p.check(c.Version == Version, "version: is %d, this build reads %d", c.Version, Version)
	p.check(c.Realm != "", "realm: must not be empty")
	p.add(validateIssuer(c.Issuer))

	c.Tokens.validate(&p)
	c.Login.validate(&p, c.Email)
	c.Passwords.validate(&p)
	c.Registration.validate(&p, c.Email, c.Passkeys)
	c.ForwardAuth.validate(&p)
	c.TwoFactor.validate(&p)
	if c.Passkeys != nil {
		c.Passkeys.validate(&p, c.Issuer)
	}
	if c.Recovery != nil {
		c.Recovery.validate(&p)
	}
	if c.Email != nil {
		c.Email.validate(&p)
	}
	if c.SMS != nil {
		c.SMS.validate(&p)
	}
	validateProviders(&p, c.Providers)
	c.Browser.validate(&p)
	c.UI.validate(&p)
	c.Network.validate(&p)
	c.Audit.validate(&p)
	c.Clients.validate(&p, c.Issuer)
	validateClaims(&p, c.Claims)
	if c.PersonalAccessTokens != nil {
		c.PersonalAccessTokens.validate(&p)
	}
	if c.Administration != nil {
		c.Administration.validate(&p)
	}
	if c.Tracing != nil {
		c.Tracing.validate(&p)
	}
	return p.join()
}

func validateIssuer(issuer string) error {
	u, err := url.Parse(issuer)
	if err != nil || u.Scheme != "https" || u.Host == "" || u.User != nil || u.RawQuery != "" || u.Fragment != "" {
		return errors.New("issuer: must be an https URL without user, query or fragment")
	}
	return nil
}
