// SPDX-License-Identifier: Apache-2.0

package account

import (
	"context"

	"github.com/realmkeeper/realmkeeper/authserver/internal/auth"
)

// Approval lets a Recovery through that waits.
type Approval struct {
	Recovery
	// Link and Mail are as in NewRecovery, in place of those of before.
	Link auth.TokenHash
	Mail string
}

// ApproveRecoveryOf lets a user's Recovery through on behalf of an admin whom the caller has
// asked for proof: the link is mailed at once. It refuses with RecoveryInvalid, or with
// EmailUnavailable or DatabaseUnavailable.
func (s *Service) ApproveRecoveryOf(ctx context.Context, user auth.User, actorID string, from auth.Client) error {
	event, err := s.Audit.NewEvent(auth.ActApproveRecovery, actorID, user.ID, from)
	if err != nil {
		return err
	}
	ways, err := s.Store.WaysIn(ctx, user.ID, event.At)
	switch {
	case err != nil:
		return err
	case ways.Recovery == nil || ways.Recovery.Ready(event.At):
		return auth.Refuse(auth.RecoveryInvalid)
	case s.Settings().Email == nil:
		return auth.Refuse(auth.EmailUnavailable)
	}
	a := Approval{Recovery: *ways.Recovery}
	a.ReadyAt, a.ExpiresAt = event.At, event.At.Add(recoveryWindow)
	ready, link, err := s.readyMail(user, a.Recovery)
	if err != nil {
		return err
	}
	a.Link, a.Mail, event.Account = link, ready.ID, auth.KeyOf(user.Email)
	approved, err := s.Store.ApproveRecovery(ctx, a, auth.Effects{Messages: []auth.Message{ready}, Events: []auth.Event{event}})
	switch {
	case err != nil:
		return err
	case !approved:
		return auth.Refuse(auth.RecoveryInvalid)
	}
	s.Audit.Print(ctx, event)
	return nil
}
