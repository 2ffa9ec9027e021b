// SPDX-License-Identifier: Apache-2.0

package account

import (
	"context"

	"github.com/realmkeeper/realmkeeper/authserver/internal/auth"
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
		claimed, err := s.Reclaim.ByMail(ctx, token, user, "mail", from)
		if err == nil && !claimed {
			err = auth.Refuse(auth.VerifyTokenInvalid)
		}
		return true, err
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
