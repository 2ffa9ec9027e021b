// SPDX-License-Identifier: Apache-2.0

package auth

import (
	"context"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"time"
)

// TicketKind says what a ticket is good for. A ticket of one kind is nothing to
// another.
type TicketKind string

const (
	ResetTicket       TicketKind = "reset"        // sets a new password
	VerifyEmailTicket TicketKind = "verify"       // proves an address
	ChangeEmailTicket TicketKind = "change_email" // proves the address to come
	ChallengeTicket   TicketKind = "challenge"    // waits for a second factor
	OAuthStateTicket  TicketKind = "oauth_state"  // waits for a provider's answer
	OAuthCodeTicket   TicketKind = "oauth_code"   // is exchanged for tokens

	OAuthLinkTicket     TicketKind = "oauth_link"     // waits for the browser that will link an identity
	OAuthIdentityTicket TicketKind = "oauth_identity" // waits for its user to take an identity
)

// Ticket is a promise that can be redeemed once, by whoever holds its secret.
// The Store knows the secret's hash alone.
type Ticket struct {
	Hash TokenHash
	Kind TicketKind
	// UserID is whose ticket it is; empty for a stranger's.
	UserID string
	// SessionID is the session that asked for it, and with which it is lost; empty
	// for none.
	SessionID string
	// Email is where the secret was mailed, and so what redeeming it proves;
	// empty for one that was not.
	Email string
	// Sealed is what the ticket's maker wants to know again; nil for nothing.
	Sealed    []byte
	CreatedAt time.Time
	ExpiresAt time.Time
}

// Keep seals content into the ticket, for as long as it is good from now on. Purpose is
// what it is sealed for; Open must be told the same.
func (t *Ticket) Keep(sealer Sealer, purpose string, content any, now time.Time, lifetime time.Duration) error {
	document, err := json.Marshal(content)
	if err != nil {
		return fmt.Errorf("encode one-time token: %w", err)
	}
	if t.Sealed, err = sealer.Seal(purpose, hex.EncodeToString(t.Hash[:]), document); err != nil {
		return err
	}
	t.CreatedAt, t.ExpiresAt = now, now.Add(lifetime)
	return nil
}

// Open reads what Keep has sealed.
func (t Ticket) Open(sealer Sealer, purpose string, into any) error {
	document, err := sealer.Open(purpose, hex.EncodeToString(t.Hash[:]), t.Sealed)
	if err != nil {
		return err
	}
	if err := json.Unmarshal(document, into); err != nil {
		return fmt.Errorf("decode one-time token: %w", err)
	}
	return nil
}

// Tickets is the part of the Store that keeps them.
type Tickets interface {
	// IssueTicket stores a ticket.
	IssueTicket(ctx context.Context, t Ticket, also Effects) error
	// PeekTicket reads a ticket that has not expired and leaves it valid.
	PeekTicket(ctx context.Context, kind TicketKind, hash TokenHash, now time.Time) (Ticket, bool, error)
	// RedeemTicket uses up a ticket that has not expired. Of any number of
	// callers at once it succeeds for one.
	RedeemTicket(ctx context.Context, kind TicketKind, hash TokenHash, now time.Time) (Ticket, bool, error)
	// CancelTicket takes back a ticket that has not expired. Of any number of
	// callers at once it succeeds for one.
	CancelTicket(ctx context.Context, kind TicketKind, hash TokenHash, also Effects, now time.Time) (bool, error)
}
