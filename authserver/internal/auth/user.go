// SPDX-License-Identifier: Apache-2.0

package auth

import (
	"slices"
	"time"
)

// User is a person of the realm.
type User struct {
	ID    string
	Email string
	Role  string
	// Name and Locale (BCP 47) are what the user wants to be called and
	// addressed in; either may be empty.
	Name, Locale string
	// PasswordHash is empty for a user who has no password, and signs in in other ways.
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

// Method is a kind of second factor.
type Method string

const (
	TOTPMethod       Method = "totp"
	BackupCodeMethod Method = "backup_code"
	SMSMethod        Method = "sms"
	// PasskeyMethod is of passkeys that verify their user, and sign in by themselves;
	// SecurityKeyMethod of those that do not.
	PasskeyMethod     Method = "passkey"
	SecurityKeyMethod Method = "security_key"
)

// HasSecondFactor reports whether a password of the user needs something more. A passkey that
// signs in by itself does not make it so: whoever has it on one device goes on with the
// password on others.
func (u User) HasSecondFactor() bool {
	return slices.Contains(u.Methods, TOTPMethod) || slices.Contains(u.Methods, SMSMethod) ||
		slices.Contains(u.Methods, SecurityKeyMethod)
}

// SameTime reports whether two times, either of which may be nil, are one.
func SameTime(a, b *time.Time) bool {
	if a == nil || b == nil {
		return a == b
	}
	return a.Equal(*b)
}
