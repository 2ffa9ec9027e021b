// SPDX-License-Identifier: Apache-2.0

package auth

import "context"

// removeFactors removes a factor, or all for an empty method, whoever may ask
// for it. It refuses with SecondFactorMissing.
func (s *Service) removeFactors(ctx context.Context, actorID string, user User, method Method, from Client) error {
	also, removed, err := s.factorChanged(ActRemoveSecondFactor, SecondFactorRemovedMessage, user, actorID, method, from)
	if err != nil {
		return err
	}
	found, err := s.Store.RemoveFactors(ctx, user.ID, method, s.Now(), also)
	switch {
	case err != nil:
		return err
	case !found:
		return refuse(SecondFactorMissing)
	}
	s.log(ctx, removed)
	return nil
}

// replaceBackupCodes makes the codes of earlier worthless. It refuses with
// SecondFactorMissing.
func (s *Service) replaceBackupCodes(ctx context.Context, user User, from Client) ([]Secret, error) {
	codes, hashes, err := newBackupCodes(s.Random)
	if err != nil {
		return nil, err
	}
	renewed, err := s.event(ActRenewBackupCodes, user.ID, user.ID, from)
	if err != nil {
		return nil, err
	}
	conclude := context.WithoutCancel(ctx)
	found, err := s.Store.ReplaceBackupCodes(conclude, user.ID, hashes, s.Now(), Effects{Events: []Event{renewed}})
	switch {
	case err != nil:
		return nil, err
	case !found:
		return nil, refuse(SecondFactorMissing)
	}
	s.log(conclude, renewed)
	return codes, nil
}
