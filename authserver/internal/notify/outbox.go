// SPDX-License-Identifier: Apache-2.0

package notify

import (
	"context"
	"time"

	"github.com/realmkeeper/realmkeeper/authserver/internal/auth"
)

// Claim asks for messages of one channel.
type Claim struct {
	Channel auth.Channel
	Limit   int
	Now     time.Time
	// Until is when the messages may be claimed again, unless they are gone.
	Until time.Time
}

// Claimed is a message that is this caller's to deliver, for a while.
type Claimed struct {
	auth.Message
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

// Transport hands messages to whoever brings them to people.
type Transport interface {
	// Deliver returns nil once the message was taken. The id is the same at every
	// attempt. A *DeliveryError says what went wrong; any other error is retried.
	Deliver(ctx context.Context, channel auth.Channel, kind auth.MessageKind, id string, n Notice) error
}

// DeliveryError is why a message was not taken.
type DeliveryError struct {
	// Reason is for the logs: it quotes neither the message nor the
	// other side's words, in which an address may stand.
	Reason string
	// Permanent failures are not tried again.
	Permanent bool
}

func (u *DeliveryError) Error() string { return u.Reason }
