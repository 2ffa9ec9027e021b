// SPDX-License-Identifier: Apache-2.0

// Package audit keeps the audit log: who did what to whom, when, from where, and
// how it ended. An event about a change is an effect of it (auth.Effects): the
// statement that makes the change stores it. What changed nothing, such as a
// refusal, is recorded by itself.
package audit

import (
	"context"
	"time"

	"github.com/realmkeeper/realmkeeper/authserver/internal/auth"
)

// Log is the audit log of a realm. Every field is required.
type Log struct {
	auth.Realm
	Store Store
}

// Store is where events are kept.
type Store interface {
	// RecordEvent stores an event that is no effect of a change.
	RecordEvent(ctx context.Context, e auth.Event) error
	// ExtendEvents makes room, in partitions of a width, for the events of a width from
	// now at least.
	ExtendEvents(ctx context.Context, now time.Time, width time.Duration) error
	// UnboundEvents takes away what a server that is gone has left of an ExtendEvents, if
	// it refuses events soon, or already.
	UnboundEvents(ctx context.Context, now time.Time) error
	// PruneEvents removes some of the events from before a time, and says whether there
	// may be more. What it leaves is in a partition that goes within a width.
	PruneEvents(ctx context.Context, before time.Time, width time.Duration) (bool, error)
}
