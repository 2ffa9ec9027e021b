// SPDX-License-Identifier: Apache-2.0

package passkey

import (
	"bytes"
	"context"
	"crypto/subtle"
	"errors"

	"github.com/realmkeeper/realmkeeper/authserver/internal/auth"
)

// Presented is a passkey that its user has shown, to be recorded by what it is shown for.
type Presented struct {
	ID        string
	UserID    string
	Method    auth.Method
	SignCount uint32
	BackedUp  bool
	// Warning is an event that goes with it when its counter went back; nil otherwise.
	Warning *auth.Event
}

// AskAnybody asks for a passkey without knowing whose it will be. It refuses with NotFound where
// the realm has no passkeys.
func (s *Service) AskAnybody(ctx context.Context) (Ceremony, error) {
	rp, err := s.relyingParty()
	if err != nil {
		return Ceremony{}, err
	}
	q, err := s.WebAuthn.Get(rp, nil, true)
	if err != nil {
		return Ceremony{}, err
	}
	return s.begin(ctx, auth.PasskeyToken, "", "", q, nil)
}

// Identify says who has answered a ceremony of AskAnybody. The passkey alone is two factors. It
// refuses with NotFound, PasskeyUnverified or PasskeyInvalid; the user is set as soon as
// somebody's passkey is right.
func (s *Service) Identify(ctx context.Context, ceremony auth.Secret, answer string, from auth.Client) (auth.User, Presented, error) {
	found, shown, err := s.identify(ctx, ceremony, answer, from)
	s.Observer.Passkey("sign_in", auth.OutcomeOf(err))
	return found.User, shown, err
}

func (s *Service) identify(ctx context.Context, ceremony auth.Secret, answer string, from auth.Client) (Found, Presented, error) {
	b, found, err := s.redeem(ctx, auth.PasskeyToken, ceremony, "", "")
	switch {
	case err != nil:
		return Found{}, Presented{}, err
	case !found:
		return Found{}, Presented{}, auth.Refuse(auth.PasskeyInvalid)
	}
	shown, a, err := s.judge(ctx, b.State, answer, "")
	switch {
	case err != nil:
		return Found{}, Presented{}, err
	case !a.UserVerified || !shown.UserVerified:
		return shown, Presented{}, auth.Refuse(auth.PasskeyUnverified)
	}
	p, err := s.present(ctx, shown, a, from)
	return shown, p, err
}

// Ask asks for a passkey of a user who has shown a password, to complete the sign-in of a
// challenge. It refuses with NotFound or SecondFactorMissing.
func (s *Service) Ask(ctx context.Context, user auth.User, challenge auth.TokenHash) (Ceremony, error) {
	rp, err := s.relyingParty()
	if err != nil {
		return Ceremony{}, err
	}
	person, _, err := s.person(ctx, rp, user)
	switch {
	case err != nil:
		return Ceremony{}, err
	case len(person.Credentials) == 0:
		return Ceremony{}, auth.Refuse(auth.SecondFactorMissing)
	}
	q, err := s.WebAuthn.Get(rp, &person, false)
	if err != nil {
		return Ceremony{}, err
	}
	return s.begin(ctx, auth.PasskeyToken, user.ID, "", q, challenge[:])
}

// Verify judges the answer to a ceremony of Ask, for the same user and challenge. It refuses with
// NotFound or PasskeyInvalid.
func (s *Service) Verify(ctx context.Context, user auth.User, challenge auth.TokenHash, ceremony auth.Secret, answer string, from auth.Client) (Presented, error) {
	p, err := s.verify(ctx, user, challenge, ceremony, answer, from)
	s.Observer.Passkey("second_factor", auth.OutcomeOf(err))
	return p, err
}

func (s *Service) verify(ctx context.Context, user auth.User, challenge auth.TokenHash, ceremony auth.Secret, answer string, from auth.Client) (Presented, error) {
	b, found, err := s.redeem(ctx, auth.PasskeyToken, ceremony, user.ID, "")
	switch {
	case err != nil:
		return Presented{}, err
	case !found || subtle.ConstantTimeCompare(b.Challenge, challenge[:]) != 1:
		return Presented{}, auth.Refuse(auth.PasskeyInvalid)
	}
	shown, a, err := s.judge(ctx, b.State, answer, user.ID)
	if err != nil {
		return Presented{}, err
	}
	return s.present(ctx, shown, a, from)
}

// judge finds whose passkey has answered, and whether the answer is right. Nobody learns why it
// is not, but the server's log.
func (s *Service) judge(ctx context.Context, state []byte, answer, userID string) (Found, Answer, error) {
	rp, err := s.relyingParty()
	if err != nil {
		return Found{}, Answer{}, err
	}
	shown := Found{}
	var failed error
	a, err := s.WebAuthn.Got(rp, state, []byte(answer), func(credentialID, handle []byte) (Person, error) {
		known := false
		shown, known, failed = s.Store.PasskeyByCredential(ctx, credentialID)
		named := len(handle) > 0
		switch {
		case failed != nil:
			return Person{}, failed
		case !known, shown.RelyingPartyID != rp.ID, userID != "" && shown.UserID != userID, userID == "" && !named, named && !bytes.Equal(handle, shown.Handle):
			return Person{}, ErrAnswer
		}
		person, err := s.owner(ctx, rp, shown, userID)
		failed = err
		return person, err
	})
	switch {
	case failed != nil:
		return Found{}, Answer{}, failed
	case errors.Is(err, ErrAnswer):
		s.Log.InfoContext(ctx, "passkey refused", "reason", err)
		return Found{}, Answer{}, &auth.Error{Code: auth.PasskeyInvalid, Cause: err}
	}
	return shown, a, err
}

// owner is who has shown a passkey. Whoever was asked by name was asked for each of theirs.
func (s *Service) owner(ctx context.Context, rp RelyingParty, shown Found, userID string) (Person, error) {
	if userID == "" {
		return personOf(rp, shown.User, shown.Handle, []Passkey{shown.Passkey}), nil
	}
	known, err := s.Store.PasskeysOf(ctx, userID)
	return personOf(rp, shown.User, shown.Handle, known), err
}

// present is a passkey that was right. A counter that went back is told to whoever reads the
// audit log. It is no reason to refuse a passkey that may be copied, whose copies do not count
// together; one that may not be is on two authenticators then, and is refused.
func (s *Service) present(ctx context.Context, shown Found, a Answer, from auth.Client) (Presented, error) {
	p := Presented{ID: shown.ID, UserID: shown.UserID, Method: shown.Method(), SignCount: a.SignCount, BackedUp: a.BackedUp}
	if !a.WentBack {
		return p, nil
	}
	s.Observer.CloneSuspected()
	warning, err := s.Audit.NewEvent(auth.ActSuspectClone, shown.UserID, shown.UserID, from)
	if err != nil {
		return Presented{}, err
	}
	warning.Account, warning.Detail = auth.KeyOf(shown.User.Email), shown.ID
	if shown.BackupEligible {
		p.Warning = &warning
		return p, nil
	}
	refusal := auth.Refuse(auth.PasskeyInvalid)
	warning.Outcome = auth.OutcomeOf(refusal)
	s.Audit.Record(ctx, warning)
	return Presented{}, refusal
}
