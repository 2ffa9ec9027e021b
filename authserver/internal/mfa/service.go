// SPDX-License-Identifier: Apache-2.0

// Package mfa knows second factors: authenticator apps (RFC 6238), codes by text
// message, and backup codes. It enrols, checks and removes them for a user whom
// somebody else has let in.
//
// A code is used up by the statement that acts on it, so that of any number of
// callers who show it at once it is good for one.
package mfa

import (
	"context"
	"time"

	"github.com/realmkeeper/realmkeeper/authserver/internal/attempts"
	"github.com/realmkeeper/realmkeeper/authserver/internal/audit"
	"github.com/realmkeeper/realmkeeper/authserver/internal/auth"
	"github.com/realmkeeper/realmkeeper/authserver/internal/notify"
	"github.com/realmkeeper/realmkeeper/authserver/internal/requirement"
)

// Service knows the second factors of a realm's users. Every field is required.
type Service struct {
	auth.Realm
	Store    Store
	Sealer   auth.Sealer
	Audit    *audit.Log
	Attempts *attempts.Service
	Notify   *notify.Service
	// Requirements say of whom a second factor is required.
	Requirements *requirement.Service
	Observer     Observer
}

// Store keeps second factors.
type Store interface {
	// FactorsOf reads a user's factors.
	FactorsOf(ctx context.Context, userID string, now time.Time) (Factors, error)
	// Enrol stores a pending factor in place of an earlier pending one. It is
	// false when the user has a verified one.
	Enrol(ctx context.Context, f NewFactor) (bool, error)
	// VerifyFactor takes a pending factor into use and burns the code that
	// verified it. Of any number of callers at once it succeeds for one.
	VerifyFactor(ctx context.Context, code MatchedCode, now time.Time, also auth.Effects) (bool, error)
	// RemoveFactors removes factors of a user; the backup codes go with the last one.
	// It is false when there was none that was verified.
	RemoveFactors(ctx context.Context, userID string, which Which, now time.Time, also auth.Effects) (bool, error)
	// ReplaceBackupCodes is false when the user has no verified factor.
	ReplaceBackupCodes(ctx context.Context, userID string, hashes []auth.TokenHash, now time.Time, also auth.Effects) (bool, error)
	// UseCode uses up a code. Of any number of callers at once it succeeds
	// for one.
	UseCode(ctx context.Context, code MatchedCode, now time.Time) (bool, error)
	// SendText stores a code in place of the last one, and its message, unless
	// that were too many, by the limit or by a quota of the message; then it says
	// when to come back. Enrols is the factor that the code is to verify, nil when
	// it is verified already.
	SendText(ctx context.Context, code TextCode, enrols *NewFactor, limit TextLimit, also auth.Effects) (TextSent, error)
}

// Which of a user's factors are meant: that of a Method, or for an empty one all, with
// security keys, and with the passkeys that sign in by themselves if Passkeys says so.
//
// Required is set where the user must have a second factor: whoever is left without any is
// stopped at the next sign-in.
type Which struct {
	Method   auth.Method
	Passkeys bool
	Required bool
}

// Observer counts what happens.
type Observer interface {
	// SecondFactor counts a code that was checked.
	SecondFactor(method auth.Method, outcome string)
}
