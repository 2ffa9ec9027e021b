// SPDX-License-Identifier: Apache-2.0

package realmconfig

import "time"

// MaxAccessTokenLifetime is the longest that the settings let an access token
// live: what must be known of a token can be forgotten then, whatever the settings
// said when it was issued.
const MaxAccessTokenLifetime = 24 * time.Hour

// Tokens says what is issued and for how long.
type Tokens struct {
	// Audience is the aud claim of access tokens: at least one entry, the issuer
	// alone by default.
	Audience []string `json:"audience"`

	// AccessTokenLifetime is how long an access token is valid: 1m to 24h
	// (MaxAccessTokenLifetime), 1h by default.
	AccessTokenLifetime Duration `json:"accessTokenLifetime"`

	// RefreshTokenLifetime is how long a session lasts without being used: 1m to
	// 8760h, which is a year, 168h by default.
	RefreshTokenLifetime Duration `json:"refreshTokenLifetime"`

	// RefreshGracePeriod is how long a refresh token that was just rotated
	// still answers with the same successor: 0s to 1m, 10s by default. Zero means
	// that every retry is reuse.
	RefreshGracePeriod Duration `json:"refreshGracePeriod"`

	// JWKSMaxAge is how long verifiers may cache the key set: 0s to 24h, 5m by
	// default.
	JWKSMaxAge Duration `json:"jwksMaxAge"`

	// SessionsNotBefore ends, once it has passed, every session that began before
	// it; nil, the default, ends none.
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

func (t Tokens) validate(p *problems) {
	p.check(len(t.Audience) > 0, "tokens.audience: must name at least one audience")
	p.duration("tokens.accessTokenLifetime", t.AccessTokenLifetime, time.Minute, MaxAccessTokenLifetime)
	p.duration("tokens.refreshTokenLifetime", t.RefreshTokenLifetime, time.Minute, 365*24*time.Hour)
	p.duration("tokens.refreshGracePeriod", t.RefreshGracePeriod, 0, time.Minute)
	p.duration("tokens.jwksMaxAge", t.JWKSMaxAge, 0, 24*time.Hour)
}
