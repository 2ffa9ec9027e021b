// SPDX-License-Identifier: Apache-2.0

package auth

import (
	"context"
	"time"
)

// Outbox is the part of the Store where messages wait. They get there as
// Effects.
type Outbox interface {
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
	AbandonMessage(ctx context.Context, m Claimed, also Effects, now time.Time) error
	// PostponeMessage makes a claimed message due at a time. It does nothing when
	// another caller has claimed it since.
	PostponeMessage(ctx context.Context, m Claimed, until time.Time) error
	// Backlog says what waits, due or not.
	Backlog(ctx context.Context) (Backlog, error)
}

// Claim asks for messages of one channel.
type Claim struct {
	Channel Channel
	Limit   int
	Now     time.Time
	// Until is when the messages may be claimed again, unless they are gone.
	Until time.Time
}

// Claimed is a message that is this caller's to deliver, for a while.
type Claimed struct {
	Message
	// Attempt is 1 for the first claim. Together with the id it names the claim.
	Attempt   int
	CreatedAt time.Time
}

// Backlog is what waits in the outbox.
type Backlog struct {
	Messages int
	// Oldest is when the message that waits longest was stored; zero when none waits.
	Oldest time.Time
}

// Courier hands messages to whoever brings them to people.
type Courier interface {
	// Deliver returns nil once the message was taken. The id is the same at every
	// attempt. An *Undelivered says what went wrong; any other error is retried.
	Deliver(ctx context.Context, channel Channel, kind MessageKind, id string, n Notice) error
}

// Undelivered is why a message was not taken.
type Undelivered struct {
	// Reason is for the log and the audit trail: it quotes neither the message
	// nor the other side's words, in which an address may stand.
	Reason string
	// Permanent failures are not tried again.
	Permanent bool
}

func (u *Undelivered) Error() string { return u.Reason }
