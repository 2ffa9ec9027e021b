// SPDX-License-Identifier: Apache-2.0

package realmconfig

import (
	"errors"
	"fmt"
	"net/url"
	"time"
)

// Config is everything a realm's auth server is told that is not a secret.
// The operator fills in every field; the server has no defaults of its own.
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

	// Email and SMS are nil where the realm cannot send any.
	Email *Email `json:"email,omitempty"`
	SMS   *SMS   `json:"sms,omitempty"`

	// Providers are the other identity providers that users may sign in with.
	Providers []Provider `json:"providers,omitempty"`

	Browser Browser `json:"browser"`
	UI      UI      `json:"ui"`
	Network Network `json:"network"`
	Audit   Audit   `json:"audit"`

	// Tracing is nil where nothing is traced.
	Tracing *Tracing `json:"tracing,omitempty"`
}

// MaxAccessTokenLifetime is the longest that the settings let an access token
// live: what must be known of a token can be forgotten then, whatever the settings
// said when it was issued.
const MaxAccessTokenLifetime = 24 * time.Hour

// Tokens says what is issued and for how long.
type Tokens struct {
	// Audience is the aud claim of access tokens; never empty.
	Audience []string `json:"audience"`

	// AccessTokenLifetime is at most MaxAccessTokenLifetime.
	AccessTokenLifetime  Duration `json:"accessTokenLifetime"`
	RefreshTokenLifetime Duration `json:"refreshTokenLifetime"`

	// RefreshGracePeriod is how long a refresh token that was just rotated
	// still answers with the same successor. Zero means every retry is reuse.
	RefreshGracePeriod Duration `json:"refreshGracePeriod"`

	// JWKSMaxAge is how long verifiers may cache the key set.
	JWKSMaxAge Duration `json:"jwksMaxAge"`

	// SessionsNotBefore ends, once it has passed, every session that began before
	// it; nil ends none.
	SessionsNotBefore *time.Time `json:"sessionsNotBefore,omitempty"`
}

// SessionsSince is when the oldest session that is not over at now can have
// begun, the zero time for whenever.
func (t Tokens) SessionsSince(now time.Time) time.Time {
	if t.SessionsNotBefore == nil || t.SessionsNotBefore.After(now) {
		return time.Time{}
	}
	return *t.SessionsNotBefore
}

// UnknownUser is what a login for an address without an account answers.
type UnknownUser string

const (
	// Reveal answers 404, as the product's founding document draws it.
	Reveal UnknownUser = "Reveal"
	// Conceal answers as for a wrong password, after the same work.
	Conceal UnknownUser = "Conceal"
)

// Login says how password logins behave.
type Login struct {
	UnknownUser UnknownUser `json:"unknownUser"`
	Lockout     Lockout     `json:"lockout"`
}

// Lockout refuses an account's logins for Duration after Failures failed ones.
type Lockout struct {
	Failures int      `json:"failures"`
	Duration Duration `json:"duration"`
	// SourceFailures is how many failed logins, to whatever accounts, one source
	// address may have within Duration before it is refused for Duration.
	SourceFailures int `json:"sourceFailures"`
}

// Passwords says which passwords are taken and how they are stored.
type Passwords struct {
	// BcryptCost is the base-2 logarithm of the iteration count, 10 to 16.
	BcryptCost int `json:"bcryptCost"`
	// MinLength is in characters, 8 to 64.
	MinLength int `json:"minLength"`
	// AllowCommon takes passwords that stand in the list of common and breached ones.
	AllowCommon bool `json:"allowCommon,omitempty"`
	// ResetTokenLifetime is how long the link of a reset mail works.
	ResetTokenLifetime Duration `json:"resetTokenLifetime"`
}

// Validate reports every problem of c at once, joined, in the words of the
// document's field names.
func (c Config) Validate() error {
	p := problems{}
	p.check(c.Version == Version, "version: is %d, this build reads %d", c.Version, Version)
	p.check(c.Realm != "", "realm: must not be empty")
	p.add(validateIssuer(c.Issuer))

	t := c.Tokens
	p.check(len(t.Audience) > 0, "tokens.audience: must name at least one audience")
	p.between("tokens.accessTokenLifetime", t.AccessTokenLifetime, time.Minute, MaxAccessTokenLifetime)
	p.between("tokens.refreshTokenLifetime", t.RefreshTokenLifetime, time.Minute, 365*24*time.Hour)
	p.between("tokens.refreshGracePeriod", t.RefreshGracePeriod, 0, time.Minute)
	p.between("tokens.jwksMaxAge", t.JWKSMaxAge, 0, 24*time.Hour)

	l := c.Login
	p.check(l.UnknownUser == Reveal || l.UnknownUser == Conceal,
		"login.unknownUser: must be %s or %s", Reveal, Conceal)
	p.check(l.Lockout.Failures >= 1 && l.Lockout.Failures <= 100, "login.lockout.failures: must be 1 to 100")
	p.between("login.lockout.duration", l.Lockout.Duration, time.Second, 24*time.Hour)
	p.check(l.Lockout.SourceFailures >= 1 && l.Lockout.SourceFailures <= 100_000, "login.lockout.sourceFailures: must be 1 to 100000")

	p.check(c.Passwords.BcryptCost >= 10 && c.Passwords.BcryptCost <= 16, "passwords.bcryptCost: must be 10 to 16")
	p.check(c.Passwords.MinLength >= 8 && c.Passwords.MinLength <= 64, "passwords.minLength: must be 8 to 64")
	p.between("passwords.resetTokenLifetime", c.Passwords.ResetTokenLifetime, time.Minute, 24*time.Hour)

	c.Registration.validate(&p, c.Email)
	c.ForwardAuth.validate(&p)
	c.TwoFactor.validate(&p)
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

// problems collects what is wrong with a document, so that one look shows all.
type problems struct{ errs []error }

func (p *problems) add(err error) {
	if err != nil {
		p.errs = append(p.errs, err)
	}
}

func (p *problems) check(ok bool, format string, args ...any) {
	if !ok {
		p.add(fmt.Errorf(format, args...))
	}
}

func (p *problems) between(field string, d Duration, low, high time.Duration) {
	v := time.Duration(d)
	p.check(v >= low && v <= high, "%s: must be %s to %s", field, low, high)
}

func (p *problems) join() error { return errors.Join(p.errs...) }
