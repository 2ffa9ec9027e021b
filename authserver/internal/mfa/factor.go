// SPDX-License-Identifier: Apache-2.0

package mfa

import (
	"slices"
	"time"

	"github.com/realmkeeper/realmkeeper/authserver/internal/auth"
)

// Factor is a second factor of a user: an authenticator app or a telephone.
type Factor struct {
	UserID string
	Method auth.Method
	// Enrolment names this factor; one that takes its place has another.
	Enrolment string
	// Sealed is the shared secret or the telephone number.
	Sealed []byte
	// LastStep is the newest time step whose code was used.
	LastStep  int64
	CreatedAt time.Time
	// VerifiedAt is when its owner first showed a code; nil while it is pending,
	// and asked of nobody.
	VerifiedAt *time.Time
	// Text is the code that was sent last, while it is good; nil for none.
	Text *TextCode
}

// Factors is everything that can answer a Challenge of one user, and what is
// pending.
type Factors struct {
	All []Factor
	// BackupCodes is how many are left.
	BackupCodes int
	// SecurityKeySince is when the eldest passkey was set up that is a second factor; nil for
	// none. Package passkey knows them.
	SecurityKeySince *time.Time
}

// of finds the user's factor of a method, verified or not.
func (f Factors) of(m auth.Method) (Factor, bool) {
	for _, factor := range f.All {
		if factor.Method == m {
			return factor, true
		}
	}
	return Factor{}, false
}

// verified finds the user's factor of a method, if it is asked for.
func (f Factors) verified(m auth.Method) (Factor, bool) {
	factor, found := f.of(m)
	return factor, found && factor.VerifiedAt != nil
}

// Verified is the factors that are asked for.
func (f Factors) Verified() []Factor {
	return slices.DeleteFunc(slices.Clone(f.All), func(f Factor) bool { return f.VerifiedAt == nil })
}

// NewFactor is a factor that waits for its first code.
type NewFactor struct {
	Factor
	// BackupCodes take the place of the user's once the factor is verified; nil
	// leaves them alone.
	BackupCodes []auth.TokenHash
}

// MatchedCode is a code that was right, to be used up: exactly one of Step, Backup
// and Text says which it was.
type MatchedCode struct {
	UserID string
	Method auth.Method
	// Enrolment and Step are of a code that an app has shown.
	Enrolment string
	Step      *int64
	Backup    *auth.TokenHash
	// Text is the ID of a TextCode.
	Text string
	// Guesses is the counter that a right code clears.
	Guesses auth.CounterKey
	// BackupCodesLeft is how many there are once it is used.
	BackupCodesLeft int
	// Stopped is the sign-in that a first code ends, which was stopped for want of a second
	// factor; nil for none.
	Stopped *auth.TokenHash
}
