// SPDX-License-Identifier: Apache-2.0

package account

import (
	"context"
	"time"

	"github.com/realmkeeper/realmkeeper/authserver/internal/auth"
	"github.com/realmkeeper/realmkeeper/authserver/internal/signin"
)

// Cancellation ends a Recovery before anybody has used it.
type Cancellation struct {
	UserID string
	// Link is of the secret that was mailed to cancel; nil for a session's, or an
	// administrator's, word.
	Link *auth.TokenHash
	// Most is how many a session may cancel within cancellationMemory; 0 for as many as there
	// are.
	Most int
	Now  time.Time
	// Until is when it is forgotten.
	Until time.Time
}

const (
	// mostCancellations is how often a session may say no. Whoever has taken somebody's passkey
	// must not keep them out for ever by it; an owner who is in their account has changed its
	// address by then, which ends it.
	mostCancellations  = 3
	cancellationMemory = 30 * 24 * time.Hour
)

// CheckCancellation says which Recovery the link in a mail cancels, and leaves it so. It refuses
// with RecoveryInvalid or DatabaseUnavailable.
func (s *Service) CheckCancellation(ctx context.Context, secret auth.Secret) (Recovery, error) {
	if !auth.IsOpaque(cancelPrefix, secret) {
		return Recovery{}, auth.Refuse(auth.RecoveryInvalid)
	}
	r, found, err := s.Store.RecoveryByCancel(ctx, auth.HashOf(secret), s.Now())
	if err == nil && !found {
		err = auth.Refuse(auth.RecoveryInvalid)
	}
	return r, err
}

// CancelByMail cancels a Recovery by the link in the mail that has told of it. It refuses as
// CheckCancellation does.
func (s *Service) CancelByMail(ctx context.Context, secret auth.Secret, from auth.Client) error {
	r, err := s.CheckCancellation(ctx, secret)
	if err != nil {
		return err
	}
	user, found, err := s.Store.UserByID(ctx, r.UserID)
	switch {
	case err != nil:
		return err
	case !found:
		return auth.Refuse(auth.RecoveryInvalid)
	}
	link := auth.HashOf(secret)
	return s.cancel(ctx, Cancellation{UserID: r.UserID, Link: &link}, user, "", "mail", from)
}

// RecoveryOf is the caller's Recovery; nil for none. It refuses as session.Caller does.
func (s *Service) RecoveryOf(ctx context.Context, access auth.Secret) (*Recovery, error) {
	user, _, err := s.Sessions.Caller(ctx, access)
	if err != nil {
		return nil, err
	}
	ways, err := s.Store.WaysIn(ctx, user.ID, s.Now())
	return ways.Recovery, err
}

// CancelRecovery cancels the caller's Recovery, a few times a month. It refuses as
// session.Caller and signin.RequireProof do, with RecoveryInvalid or RecoveryContested.
func (s *Service) CancelRecovery(ctx context.Context, access auth.Secret, p signin.Proof, from auth.Client) error {
	user, err := s.SignIn.ProvenCaller(ctx, access, p, from)
	if err != nil {
		return err
	}
	return s.cancel(ctx, Cancellation{UserID: user.ID, Most: mostCancellations}, user, user.ID, "session", from)
}

// CancelRecoveryOf cancels a user's Recovery on behalf of an admin whom the caller has asked for
// proof. It refuses with RecoveryInvalid.
func (s *Service) CancelRecoveryOf(ctx context.Context, user auth.User, actorID string, from auth.Client) error {
	return s.cancel(ctx, Cancellation{UserID: user.ID}, user, actorID, "admin", from)
}

func (s *Service) cancel(ctx context.Context, c Cancellation, user auth.User, actorID, by string, from auth.Client) error {
	event, err := s.Audit.NewEvent(auth.ActCancelRecovery, actorID, user.ID, from)
	if err != nil {
		return err
	}
	event.Account, event.Detail = auth.KeyOf(user.Email), by
	c.Now, c.Until = event.At, event.At.Add(cancellationMemory)
	mails, err := s.Notify.Mail(auth.RecoveryCancelledMessage, user, from)
	if err != nil {
		return err
	}
	cancelled, err := s.Store.CancelRecovery(ctx, c, auth.Effects{Messages: mails, Events: []auth.Event{event}})
	switch {
	case err != nil:
		return err
	case !cancelled:
		return s.notCancelled(ctx, c, event)
	}
	s.Audit.Print(ctx, event)
	return nil
}

// notCancelled refuses with RecoveryInvalid or, where the Recovery goes on all the same, with
// RecoveryContested.
func (s *Service) notCancelled(ctx context.Context, c Cancellation, event auth.Event) error {
	refusal := auth.Refuse(auth.RecoveryInvalid)
	if c.Most > 0 {
		ways, err := s.Store.WaysIn(ctx, c.UserID, c.Now)
		switch {
		case err != nil:
			return err
		case ways.Recovery != nil:
			refusal = auth.Refuse(auth.RecoveryContested)
		}
	}
	event.Outcome = auth.OutcomeOf(refusal)
	s.Audit.Record(ctx, event)
	return refusal
}
