// SPDX-License-Identifier: Apache-2.0

package auth

import "time"

// User is a person of the realm.
type User struct {
	ID           string
	Email        string
	Role         string
	PasswordHash string
	CreatedAt    time.Time
	LastLoginAt  *time.Time
}

// Subject is whom a token speaks for, and in which session.
type Subject struct {
	UserID    string `json:"user"`
	Email     string `json:"email"`
	Role      string `json:"role"`
	SessionID string `json:"session"`
}

// Client is what a session remembers of the device that opened it.
type Client struct {
	UserAgent string
	Address   string
}

// Grant is what a login or a refresh yields.
type Grant struct {
	AccessToken     Secret
	AccessLifetime  time.Duration
	RefreshToken    Secret
	RefreshLifetime time.Duration
}

// EndReason says why a session ended.
type EndReason string

const (
	EndedByLogout EndReason = "logout"
	EndedByReuse  EndReason = "reuse"
)

// NewSession is a login whose password was right.
type NewSession struct {
	SessionID string
	User      User
	Account   AccountKey
	Client    Client
	Refresh   TokenHash
	// NewHash replaces User.PasswordHash; the same hash keeps it.
	NewHash   string
	Now       time.Time
	ExpiresAt time.Time
}

// SessionStart is what became of a NewSession.
type SessionStart struct {
	Started bool
	// WasLocked is set when another attempt had locked the account meanwhile.
	WasLocked bool
}

// Rotation replaces a refresh token by its successor.
type Rotation struct {
	Used      TokenHash
	Successor TokenHash
	// Sealed is the successor, readable only with the used token.
	Sealed    []byte
	Now       time.Time
	ExpiresAt time.Time
}

// SpentToken is a refresh token that Rotate refused.
type SpentToken struct {
	Subject   Subject
	Ended     bool
	RotatedAt *time.Time
	Sealed    []byte
	// SessionExpiresAt is when the newest token of the session expires.
	SessionExpiresAt time.Time
}
