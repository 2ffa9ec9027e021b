// SPDX-License-Identifier: Apache-2.0

package account

import (
	"context"
	"time"

	"github.com/realmkeeper/realmkeeper/authserver/internal/auth"
	"github.com/realmkeeper/realmkeeper/authserver/internal/notify"
	"github.com/realmkeeper/realmkeeper/authserver/internal/session"
)

// DisownEmail redeems a link that was mailed to somebody who did not ask for it. A new
// account becomes theirs alone; a reset gives it a password. A change of address to
// theirs is cancelled, and that account stays as it is, since they have no more to do
// with it than their address. It says whether the address is proved, and refuses with
// VerifyTokenInvalid, Busy or DatabaseUnavailable. An access token is not needed; one
// that is not good is refused as session.Caller does.
func (s *Service) DisownEmail(ctx context.Context, secret, access auth.Secret, from auth.Client) (proved bool, err error) {
	if _, err := s.bearer(ctx, access); err != nil {
		return false, err
	}
	token, user, err := s.verificationToken(ctx, secret)
	switch {
	case err != nil:
		return false, err
	case token.Kind == auth.ChangeEmailToken:
		return false, s.cancelChange(ctx, token, user, from)
	default:
		return true, s.reclaimByMail(ctx, token, user, from)
	}
}

func (s *Service) cancelChange(ctx context.Context, token auth.OneTimeToken, user auth.User, from auth.Client) error {
	event, err := s.Audit.NewEvent(auth.ActCancelEmailChange, "", user.ID, from)
	if err != nil {
		return err
	}
	event.Account = auth.KeyOf(token.Email)
	cancelled, err := s.Store.CancelToken(ctx, token.Kind, token.Hash, auth.Effects{Events: []auth.Event{event}}, event.At)
	switch {
	case err != nil:
		return err
	case !cancelled:
		return auth.Refuse(auth.VerifyTokenInvalid)
	}
	s.Audit.Print(ctx, event)
	return nil
}

// reclaimByMail tries again while the account changes under its hands, or whoever
// is in it could keep its owner from claiming it.
func (s *Service) reclaimByMail(ctx context.Context, token auth.OneTimeToken, user auth.User, from auth.Client) error {
	event, err := s.Reclaim.NewEvent(user, "mail", from)
	if err != nil {
		return err
	}
	mails, err := s.Reclaim.Mail(user, notify.Notice{}, from)
	if err != nil {
		return err
	}
	reclaim := s.Reclaim.NewClaim(user, event.At)
	for range session.MaxRetries {
		reclaimed, err := s.Store.ReclaimByMail(ctx, reclaim, token.Hash, auth.Effects{Messages: mails, Events: []auth.Event{event}})
		switch {
		case err != nil:
			return err
		case reclaimed.Done:
			s.Reclaim.Conclude(ctx, reclaim, reclaimed.Ended)
			s.Audit.Print(ctx, event)
			return nil
		}
		good, err := s.stillUnproved(ctx, token)
		switch {
		case err != nil:
			return err
		case !good:
			return auth.Refuse(auth.VerifyTokenInvalid)
		}
	}
	return auth.RefuseFor(auth.Busy, time.Second)
}

// stillUnproved reports whether a reclaim.Claim by a mailed link may still come about.
func (s *Service) stillUnproved(ctx context.Context, token auth.OneTimeToken) (bool, error) {
	_, good, err := s.Store.PeekToken(ctx, token.Kind, token.Hash, s.Now())
	if err != nil || !good {
		return false, err
	}
	user, found, err := s.Store.UserByID(ctx, token.UserID)
	return found && user.DisabledAt == nil && user.EmailVerifiedAt == nil && user.Email == token.Email, err
}
