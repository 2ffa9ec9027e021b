// SPDX-License-Identifier: Apache-2.0

package auth

import (
	"context"
	"slices"
	"time"
)

// Method is a kind of second factor.
type Method string

const (
	TOTPMethod       Method = "totp"
	BackupCodeMethod Method = "backup_code"
	SMSMethod        Method = "sms"
)

// HasSecondFactor reports whether a sign-in of the user needs a code.
func (u User) HasSecondFactor() bool {
	return slices.Contains(u.Methods, TOTPMethod) || slices.Contains(u.Methods, SMSMethod)
}

// Factor is a second factor of a user: an authenticator app or a telephone.
type Factor struct {
	UserID string
	Method Method
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
}

// of finds the user's factor of a method, verified or not.
func (f Factors) of(m Method) (Factor, bool) {
	for _, factor := range f.All {
		if factor.Method == m {
			return factor, true
		}
	}
	return Factor{}, false
}

// verified finds the user's factor of a method, if it is asked for.
func (f Factors) verified(m Method) (Factor, bool) {
	factor, found := f.of(m)
	return factor, found && factor.VerifiedAt != nil
}

// active is the factors that are asked for.
func (f Factors) active() []Factor {
	return slices.DeleteFunc(slices.Clone(f.All), func(f Factor) bool { return f.VerifiedAt == nil })
}

// NewFactor is a factor that waits for its first code.
type NewFactor struct {
	Factor
	// BackupCodes take the place of the user's once the factor is verified; nil
	// leaves them alone.
	BackupCodes []TokenHash
}

// Spending is a code that was right, to be used up: exactly one of Step, Backup
// and Text says which it was.
type Spending struct {
	UserID string
	Method Method
	// Enrolment and Step are of a code that an app has shown.
	Enrolment string
	Step      *int64
	Backup    *TokenHash
	// Text is the ID of a TextCode.
	Text string
	// Guesses is the counter that a right code clears.
	Guesses CounterKey
	// BackupCodesLeft is how many there are once it is spent.
	BackupCodesLeft int
}

// SecondFactors is the part of the Store that keeps them.
type SecondFactors interface {
	// FactorsOf reads a user's factors.
	FactorsOf(ctx context.Context, userID string, now time.Time) (Factors, error)
	// Enrol stores a pending factor in place of an earlier pending one. It is
	// false when the user has a verified one.
	Enrol(ctx context.Context, f NewFactor) (bool, error)
	// VerifyFactor takes a pending factor into use and burns the code that
	// verified it. Of any number of callers at once it succeeds for one.
	VerifyFactor(ctx context.Context, code Spending, now time.Time, also Effects) (bool, error)
	// RemoveFactors removes a user's factor of a method, or all for an empty
	// method; the backup codes go with the last one. It is false when there was
	// none that was verified.
	RemoveFactors(ctx context.Context, userID string, method Method, now time.Time, also Effects) (bool, error)
	// ReplaceBackupCodes is false when the user has no verified factor.
	ReplaceBackupCodes(ctx context.Context, userID string, hashes []TokenHash, now time.Time, also Effects) (bool, error)
	// SpendCode uses up a code. Of any number of callers at once it succeeds
	// for one.
	SpendCode(ctx context.Context, code Spending, now time.Time) (bool, error)
	// SendText stores a code in place of the last one, and its message, unless
	// that were too many; then it says when to come back. Enrols is the factor
	// that the code is to verify, nil when it is verified already.
	SendText(ctx context.Context, code TextCode, enrols *NewFactor, limit TextLimit, also Effects) (TextSent, error)
}
