// SPDX-License-Identifier: Apache-2.0

package mfa

import (
	"context"

	"github.com/realmkeeper/realmkeeper/authserver/internal/auth"
)

// Remove removes a factor, or all for an empty method, whoever may ask for it. Of all that
// somebody else removes are passkeys that sign in by themselves, too: the user may have lost
// them, or a thief set them up. It refuses with SecondFactorMissing.
func (s *Service) Remove(ctx context.Context, actorID string, user auth.User, method auth.Method, from auth.Client) error {
	also, removed, err := s.factorChanged(auth.ActRemoveSecondFactor, auth.SecondFactorRemovedMessage, user, actorID, method, from)
	if err != nil {
		return err
	}
	required, err := s.Requirements.FactorsEnforced(ctx, user)
	if err != nil {
		return err
	}
	found, err := s.Store.RemoveFactors(ctx, user.ID, Which{Method: method, Passkeys: actorID != user.ID, Required: required}, s.Now(), also)
	switch {
	case err != nil:
		return err
	case !found:
		return auth.Refuse(auth.SecondFactorMissing)
	}
	s.Audit.Print(ctx, removed)
	return nil
}

// RenewBackupCodes makes the codes of earlier worthless. It refuses with
// SecondFactorMissing.
func (s *Service) RenewBackupCodes(ctx context.Context, user auth.User, from auth.Client) ([]auth.Secret, error) {
	codes, hashes, err := NewBackupCodes(s.Random)
	if err != nil {
		return nil, err
	}
	renewed, err := s.Audit.NewEvent(auth.ActRenewBackupCodes, user.ID, user.ID, from)
	if err != nil {
		return nil, err
	}
	conclude := context.WithoutCancel(ctx)
	found, err := s.Store.ReplaceBackupCodes(conclude, user.ID, hashes, s.Now(), auth.Effects{Events: []auth.Event{renewed}})
	switch {
	case err != nil:
		return nil, err
	case !found:
		return nil, auth.Refuse(auth.SecondFactorMissing)
	}
	s.Audit.Print(conclude, renewed)
	return codes, nil
}
