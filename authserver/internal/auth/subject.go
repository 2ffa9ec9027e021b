// SPDX-License-Identifier: Apache-2.0

package auth

import (
	"strings"
	"time"
)

// Subject is the user in one of their sessions, to a token that is issued to them
// when they have shown who they are at authTime, by the methods amr.
func (u User) Subject(sessionID string, authTime time.Time, amr []string) Subject {
	return Subject{
		UserID: u.ID, Email: u.Email, EmailVerified: u.EmailVerifiedAt != nil, Role: u.Role,
		SessionID: sessionID, AuthTime: authTime, AMR: strings.Join(amr, " "),
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
	// AMR is how (RFC 8176), with spaces between; empty where nobody knows.
	AMR string `json:"amr,omitempty"`
	// GrantID is the grant that the token was issued by, to an application of the realm's
	// own; empty for a token of the session itself. The token is worthless when the grant has
	// ended, whatever has become of the session.
	GrantID string `json:"grant,omitempty"`
}

// ACR is the class of what the user has shown; empty where nobody has signed in.
func (s Subject) ACR() string {
	if s.AuthTime.IsZero() {
		return ""
	}
	return ACROf(strings.Fields(s.AMR))
}
