// SPDX-License-Identifier: Apache-2.0

// Package notify writes to people: mails about what has happened to their
// account, links that were asked for, codes by text message. A message is an
// effect (auth.Effects): the statement that makes a change stores it in the
// outbox, sealed, where it waits until any server has delivered it.
//
// A link carries a one-time token. It proves the address that it went to and no
// other, works once, and gives way to the next of its kind. An address and a telephone
// get a few messages of each kind an hour, whoever asks, and the realm sends no more
// than its settings say of what anybody may ask for. Asking does the same work and is
// answered the same whether or not there is such an account; what happened is in
// the mail alone.
package notify

import (
	"context"
	"time"

	"github.com/realmkeeper/realmkeeper/authserver/internal/audit"
	"github.com/realmkeeper/realmkeeper/authserver/internal/auth"
)

// Service writes to a realm's people. Every field is required.
type Service struct {
	auth.Realm
	Store     Store
	Sealer    auth.Sealer
	Hasher    auth.Hasher
	Audit     *audit.Log
	Transport Transport
	Observer  Observer
}

// Store is the outbox, where messages get as auth.Effects, and what limits it.
type Store interface {
	// Enqueued receives when messages were stored through this Store. What other
	// pods have stored must be looked for.
	Enqueued() <-chan struct{}
	// ClaimMessages takes messages that are due, the longest due first, and
	// hides them from other callers until a time. Each claim counts as an attempt.
	ClaimMessages(ctx context.Context, c Claim) ([]Claimed, error)
	// ForgetMessage removes a message that was delivered.
	ForgetMessage(ctx context.Context, id string) error
	// AbandonMessage removes a message that will never be. It does nothing when
	// another caller has claimed it since.
	AbandonMessage(ctx context.Context, m Claimed, also auth.Effects, now time.Time) error
	// PostponeMessage makes a claimed message due at a time. It does nothing when
	// another caller has claimed it since.
	PostponeMessage(ctx context.Context, m Claimed, until time.Time) error
	// Backlog says what waits, due or not; an estimate where that is much.
	Backlog(ctx context.Context) (Backlog, error)

	// UserByID finds a user; false when there is none.
	UserByID(ctx context.Context, id string) (auth.User, bool, error)
	// PeekToken reads a one-time token that has not expired and leaves it valid; false
	// when there is none.
	PeekToken(ctx context.Context, kind auth.OneTimeTokenKind, hash auth.TokenHash, now time.Time) (auth.OneTimeToken, bool, error)
	// MailToken stores a one-time token of a user who is not disabled in place of an
	// older one of its kind, with the mail of it, unless a quota of the mail is used
	// up. The result is false when nothing was sent. It does the same work when t has
	// no UserID.
	MailToken(ctx context.Context, t auth.OneTimeToken, also auth.Effects) (bool, error)
}
