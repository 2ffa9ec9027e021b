// SPDX-License-Identifier: Apache-2.0

package auth

import "context"

// DisableSecondFactors turns the second factor off: app, telephone and backup
// codes. It refuses as caller and prove do, or with SecondFactorMissing.
func (s *Service) DisableSecondFactors(ctx context.Context, access Secret, p Proof, from Client) error {
	return s.disable(ctx, access, "", p, from)
}

// DisableSMS removes the user's telephone alone; the backup codes stay while
// there is an app. It refuses as DisableSecondFactors does.
func (s *Service) DisableSMS(ctx context.Context, access Secret, p Proof, from Client) error {
	return s.disable(ctx, access, SMSMethod, p, from)
}

func (s *Service) disable(ctx context.Context, access Secret, method Method, p Proof, from Client) error {
	user, subject, err := s.caller(ctx, access)
	if err != nil {
		return err
	}
	if err := s.prove(ctx, user, subject, p, from); err != nil {
		return err
	}
	return s.removeFactors(context.WithoutCancel(ctx), user.ID, user, method, from)
}

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

// ResetSecondFactors turns a user's second factor off on behalf of an admin: for
// somebody who has lost both telephone and backup codes. It refuses as
// provenAdmin does, or with NotFound or SecondFactorMissing.
func (s *Service) ResetSecondFactors(ctx context.Context, access Secret, userID string, p Proof, from Client) error {
	actor, err := s.provenAdmin(ctx, access, ActRemoveSecondFactor, userID, p, from)
	if err != nil {
		return err
	}
	user, known, err := s.Store.UserByID(ctx, userID)
	switch {
	case err != nil:
		return err
	case !known:
		return refuse(NotFound)
	}
	return s.removeFactors(ctx, actor.ID, user, "", from)
}

// RenewBackupCodes makes the codes of earlier worthless. It refuses as caller
// and prove do, or with SecondFactorMissing.
func (s *Service) RenewBackupCodes(ctx context.Context, access Secret, p Proof, from Client) ([]Secret, error) {
	user, subject, err := s.caller(ctx, access)
	if err != nil {
		return nil, err
	}
	if err := s.prove(ctx, user, subject, p, from); err != nil {
		return nil, err
	}
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
