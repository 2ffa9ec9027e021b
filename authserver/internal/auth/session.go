// SPDX-License-Identifier: Apache-2.0

package auth

import "time"

// User is a person of the realm.
type User struct {
	ID    string
	Email string
	Role  string
	// Name and Locale (BCP 47) are what the user wants to be called and
	// addressed in; either may be empty.
	Name, Locale string
	// PasswordHash is empty for a user who only signs in through a provider.
	PasswordHash string
	// EmailVerifiedAt is when the address was last proved, nil when it was not.
	EmailVerifiedAt *time.Time
	// DisabledAt is when an admin shut the user out, nil for everybody else.
	DisabledAt *time.Time
	// PasswordChangedAt is nil as long as the first password is in force.
	PasswordChangedAt *time.Time
	// Methods is what a sign-in may show besides its first factor; empty for a
	// user without a second one.
	Methods     []Method
	CreatedAt   time.Time
	LastLoginAt *time.Time
}

// The roles that mean something to the realm itself.
const (
	UserRole  = "user"
	AdminRole = "admin"
)

// Subject is the user in one of their sessions, to a token that is issued to them
// when they have shown who they are at authTime.
func (u User) Subject(sessionID string, authTime time.Time) Subject {
	return Subject{
		UserID: u.ID, Email: u.Email, EmailVerified: u.EmailVerifiedAt != nil, Role: u.Role,
		SessionID: sessionID, AuthTime: authTime,
	}
}

// Subject is whom a token speaks for, and in which session.
type Subject struct {
	UserID string `json:"user"`
	Email  string `json:"email"`
	// EmailVerified is false while nobody has proved the address: then it is
	// what somebody typed, and identifies nobody.
	EmailVerified bool   `json:"emailVerified,omitempty"`
	Role          string `json:"role"`
	SessionID     string `json:"session"`
	// AuthTime is when the holder of this very token last showed who they are
	// (OpenID Connect Core 1.0, section 2, auth_time). A refreshed token has the
	// time of the session's sign-in, whatever was proved since.
	AuthTime time.Time `json:"authTime,omitzero"`
}

// Client is what a session remembers of the device that opened it.
type Client struct {
	UserAgent string
	Address   string
	// Shared is set when Address is that of a proxy whose clients cannot be told
	// apart. Counting them as one would let any of them shut the others out.
	Shared bool
	// Device is the token that an earlier login gave to it; empty for none.
	Device Secret
}

// Grant is what a login or a refresh yields.
type Grant struct {
	AccessToken     Secret
	AccessLifetime  time.Duration
	RefreshToken    Secret
	RefreshLifetime time.Duration
	// DeviceToken is what the device shows at its next login; empty after a refresh.
	DeviceToken Secret
}

// SignIn is what a right password, or a provider's word, yields: a Grant, or a
// Challenge when the user has a second factor.
type SignIn struct {
	Grant     Grant
	Challenge *Challenge
}

// EndReason says why a session ended.
type EndReason string

const (
	EndedByLogout   EndReason = "logout"
	EndedByReuse    EndReason = "reuse"
	EndedByUser     EndReason = "ended_by_user"
	EndedByAdmin    EndReason = "ended_by_admin"
	EndedByPassword EndReason = "password_changed"
	EndedBySettings EndReason = "sessions_not_before"
	EndedByReclaim  EndReason = "account_reclaimed"
)

// NewSession is a login whose password was right.
type NewSession struct {
	SessionID string
	User      User
	Client    Client
	Refresh   TokenHash
	// Clears is the counter that begins anew; Releases one from which the login's
	// own attempt is taken back, zero for none.
	Clears, Releases CounterKey
	// NewHash replaces User.PasswordHash; the same hash keeps it.
	NewHash string
	// Redeems is the ticket this login uses up; nil when it needs none.
	Redeems *TokenHash
	// Spends is the code of a second factor that it uses up; nil when it needs
	// none.
	Spends *Spending
	// Parent is the session that this one descends from, which must be alive and
	// have begun at Since at the earliest; empty for none.
	Parent string
	Since  time.Time
	// AuthTime is when the user showed who they are; it is before Now when the
	// session descends from another one.
	AuthTime  time.Time
	Now       time.Time
	ExpiresAt time.Time
}

// SessionStart is what became of a NewSession.
type SessionStart struct {
	Started bool
	// WasLocked is set when the counter that was cleared had been locked.
	WasLocked bool
}

// Rotation replaces a refresh token by its successor.
type Rotation struct {
	Used      TokenHash
	Successor TokenHash
	// Sealed is the successor, readable only with the used token.
	Sealed []byte
	// Since is when the session must have begun at the earliest.
	Since     time.Time
	Now       time.Time
	ExpiresAt time.Time
}

// SpentToken is a refresh token that Rotate refused.
type SpentToken struct {
	Subject   Subject
	Ended     bool
	RotatedAt *time.Time
	Sealed    []byte
	// SessionBeganAt is when the session's login was, SessionExpiresAt when the newest token of the session expires.
	SessionBeganAt, SessionExpiresAt time.Time
}
