// SPDX-License-Identifier: Apache-2.0

package reclaim

import (
	"context"
	"time"

	"github.com/realmkeeper/realmkeeper/authserver/internal/auth"
	"github.com/realmkeeper/realmkeeper/authserver/internal/notify"
	"github.com/realmkeeper/realmkeeper/authserver/internal/session"
)

// Store reclaims accounts.
type Store interface {
	// UserByID finds a user; false when there is none.
	UserByID(ctx context.Context, id string) (auth.User, bool, error)
	// PeekToken reads a one-time token that has not expired and leaves it valid; false
	// when there is none.
	PeekToken(ctx context.Context, kind auth.OneTimeTokenKind, hash auth.TokenHash, now time.Time) (auth.OneTimeToken, bool, error)
	// ReclaimByMail redeems a one-time token that was mailed to the address. The
	// account is left without a password and without any other way in.
	ReclaimByMail(ctx context.Context, r Claim, token auth.OneTimeToken, also auth.Effects) (Result, error)
}

// ByMail is a Claim by a one-time token that was mailed to the address, and that it uses
// up; how is for the audit log. It tries again while the account changes under its hands,
// or whoever is in it could keep its owner from claiming it. It is false when the token is
// no longer good, or the address proved already, and refuses with Busy or
// DatabaseUnavailable.
func (s *Service) ByMail(ctx context.Context, token auth.OneTimeToken, user auth.User, how string, from auth.Client) (bool, error) {
	event, err := s.NewEvent(user, how, from)
	if err != nil {
		return false, err
	}
	mails, err := s.Mail(user, notify.Notice{}, from)
	if err != nil {
		return false, err
	}
	claim := s.NewClaim(user, event.At)
	for range session.MaxRetries {
		claimed, err := s.Store.ReclaimByMail(ctx, claim, token, auth.Effects{Messages: mails, Events: []auth.Event{event}})
		switch {
		case err != nil:
			return false, err
		case claimed.Done:
			s.Conclude(ctx, claim, claimed.Ended)
			s.Audit.Print(ctx, event)
			return true, nil
		}
		if good, err := s.stillUnproved(ctx, token, event.At); err != nil || !good {
			return false, err
		}
	}
	return false, auth.RefuseFor(auth.Busy, time.Second)
}

// stillUnproved reports whether a Claim by a mailed token may still come about.
func (s *Service) stillUnproved(ctx context.Context, token auth.OneTimeToken, now time.Time) (bool, error) {
	_, good, err := s.Store.PeekToken(ctx, token.Kind, token.Hash, now)
	if err != nil || !good {
		return false, err
	}
	user, found, err := s.Store.UserByID(ctx, token.UserID)
	return found && user.DisabledAt == nil && user.EmailVerifiedAt == nil && user.Email == token.Email, err
}
