// SPDX-License-Identifier: Apache-2.0

package passkey

import (
	"context"
	"slices"

	"github.com/realmkeeper/realmkeeper/authserver/internal/auth"
)

// AskProof asks a user who is signed in for one of their passkeys that verify them, as a proof in
// that session: nobody else can answer. It refuses with NotFound or SecondFactorMissing.
func (s *Service) AskProof(ctx context.Context, user auth.User, sessionID string) (Ceremony, error) {
	rp, err := s.relyingParty()
	if err != nil {
		return Ceremony{}, err
	}
	person, _, err := s.person(ctx, rp, user)
	if err != nil {
		return Ceremony{}, err
	}
	person.Credentials = slices.DeleteFunc(person.Credentials, func(c Credential) bool { return !c.UserVerified })
	if len(person.Credentials) == 0 {
		return Ceremony{}, auth.Refuse(auth.SecondFactorMissing)
	}
	q, err := s.WebAuthn.Get(rp, &person, true)
	if err != nil {
		return Ceremony{}, err
	}
	return s.begin(ctx, auth.PasskeyProofToken, user.ID, sessionID, q, nil)
}

// Prove judges the answer to a ceremony of AskProof, for the same user and session, and takes
// note of it. It refuses with NotFound, PasskeyInvalid or PasskeyUnverified.
func (s *Service) Prove(ctx context.Context, user auth.User, sessionID string, ceremony auth.Secret, answer string, from auth.Client) error {
	err := s.prove(ctx, user, sessionID, ceremony, answer, from)
	s.Observer.Passkey("proof", auth.OutcomeOf(err))
	return err
}

func (s *Service) prove(ctx context.Context, user auth.User, sessionID string, ceremony auth.Secret, answer string, from auth.Client) error {
	b, found, err := s.redeem(ctx, auth.PasskeyProofToken, ceremony, user.ID, sessionID)
	switch {
	case err != nil:
		return err
	case !found:
		return auth.Refuse(auth.PasskeyInvalid)
	}
	shown, a, err := s.judge(ctx, b.State, answer, user.ID)
	switch {
	case err != nil:
		return err
	case !a.UserVerified || !shown.UserVerified:
		return auth.Refuse(auth.PasskeyUnverified)
	}
	p, err := s.present(ctx, shown, a, from)
	if err != nil {
		return err
	}
	also := auth.Effects{}
	if p.Warning != nil {
		also.Events = append(also.Events, *p.Warning)
	}
	kept, err := s.Store.UsePasskey(ctx, p, s.Now(), also)
	switch {
	case err != nil:
		return err
	case !kept:
		return auth.Refuse(auth.PasskeyInvalid)
	}
	for _, e := range also.Events {
		s.Audit.Print(ctx, e)
	}
	return nil
}
