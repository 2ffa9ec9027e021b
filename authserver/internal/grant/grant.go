// SPDX-License-Identifier: Apache-2.0

// Package grant knows what a client may do for a user (RFC 6749): from the authorization
// code on, which is used once, by the refresh tokens that follow each other, until it
// ends.
//
// A grant hangs on the browser's session that it began in, and is worth nothing when that
// is over, whoever ended it and why. One that outlives the browser (offline_access) has a
// session of its own, which its user sees and ends among the others. So has that of a
// device without a browser (RFC 8628), which somebody allows on another one.
//
// Refresh tokens rotate as those of package session do, with the same grace; they are kept
// apart, and nothing that takes the one takes the other.
package grant

import (
	"time"

	"github.com/realmkeeper/realmkeeper/authserver/internal/auth"
	"github.com/realmkeeper/realmkeeper/authserver/realmconfig"
)

// Authorization is what a user, or the realm in their name, has let a client do.
type Authorization struct {
	ClientID string
	// Scopes are those that were granted, Audience whom access tokens are for.
	Scopes, Audience []string
	// Nonce goes into each ID token (OpenID Connect Core 1.0, section 2); empty for none.
	Nonce string
	// Claims is the JSON of the claims parameter (section 5.5); nil for none.
	Claims []byte
	// Key is the thumbprint of the key that the client must hold (RFC 9449, section 10); empty
	// for none.
	Key string
}

// Grant is an Authorization that a client holds.
type Grant struct {
	ID string
	Authorization
	// SessionID is the session that the grant hangs on; SID the browser's that it began
	// in, as ID tokens tell it.
	SessionID, SID string
	// AuthTime is when the user showed who they are, and AMR how (RFC 8176); AMR is empty
	// where nobody knows.
	AuthTime  time.Time
	AMR       []string
	CreatedAt time.Time
	ExpiresAt time.Time
	// SessionExpiresAt is when the session is over that the grant hangs on, unless it is
	// used before.
	SessionExpiresAt time.Time
}

// Offline reports whether the grant has a session of its own.
func (g Grant) Offline() bool { return g.SessionID == g.ID }

// Terms are what the settings say of a client at present, and what it has shown.
type Terms struct {
	ClientID string
	// Name is what people call the client.
	Name string
	// Since is when the client came to be: what was granted before was granted to another
	// one of that name.
	Since time.Time
	// Refreshes is set for a client that is given refresh tokens.
	Refreshes bool
	// HearsLogouts is set for a client that wants to be told when the session ends.
	HearsLogouts bool
	// Key is the thumbprint of the key that the client has shown that it holds (RFC 9449);
	// empty for none. KeyBound is set for a client whose grants are bound to it: one that
	// shows by nothing else who refreshes (section 5).
	Key      string
	KeyBound bool
	// AccessTokenLifetime and RefreshTokenLifetime are of what it is given.
	AccessTokenLifetime, RefreshTokenLifetime time.Duration
}

// TermsOf are what the settings say of a client.
func (s *Service) TermsOf(client realmconfig.Client) Terms {
	return Terms{
		ClientID: client.ID, Name: client.DisplayName, Since: s.Clients.GrantsSince(client),
		Refreshes: client.Grants(realmconfig.RefreshTokenGrant), HearsLogouts: client.BackchannelLogoutURI != "",
		AccessTokenLifetime: time.Duration(client.AccessTokenLifetime), RefreshTokenLifetime: time.Duration(client.RefreshTokenLifetime),
	}
}

// lifetime is how long a grant lasts unused.
func (t Terms) lifetime() time.Duration {
	if t.Refreshes {
		return t.RefreshTokenLifetime
	}
	return t.AccessTokenLifetime
}

// boundKey is that of a grant which begins.
func (t Terms) boundKey() string {
	if !t.KeyBound {
		return ""
	}
	return t.Key
}

// Issued is a grant, its user as they are now, and the refresh token that continues it.
type Issued struct {
	Grant Grant
	User  auth.User
	// RefreshToken is empty for a client that gets none, and RefreshLifetime how long it
	// lasts.
	RefreshToken    auth.Secret
	RefreshLifetime time.Duration
}
