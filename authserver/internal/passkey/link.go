// SPDX-License-Identifier: Apache-2.0

package passkey

import (
	"context"
	"crypto/subtle"
	"errors"
	"fmt"
	"io"
	"slices"

	"github.com/realmkeeper/realmkeeper/authserver/internal/auth"
)

// BeginByLink asks for a passkey of whoever has a mailed link of that hash: nobody else can
// finish. The user has no ID while they have no account. The passkey is to sign in by itself. It
// refuses with NotFound where the realm has no passkeys.
func (s *Service) BeginByLink(ctx context.Context, user auth.User, link auth.TokenHash) (Ceremony, error) {
	rp, err := s.relyingParty()
	if err != nil {
		return Ceremony{}, err
	}
	b := begun{Challenge: link[:]}
	person, err := s.personByLink(ctx, rp, user, &b)
	if err != nil {
		return Ceremony{}, err
	}
	q, err := s.WebAuthn.Create(rp, person, true)
	if err != nil {
		return Ceremony{}, err
	}
	b.State = q.State
	return s.keep(ctx, auth.PasskeyRegistrationToken, user.ID, "", q, b)
}

// FinishByLink is the passkey that answers a ceremony of BeginByLink, for the same user and link,
// and the handle of its user. Nothing of it is stored yet. It refuses with NotFound,
// PasskeyRegistrationInvalid or, where it would not sign in by itself, PasskeyUnverified.
func (s *Service) FinishByLink(ctx context.Context, user auth.User, link auth.TokenHash, r Registration) (Passkey, []byte, error) {
	p, handle, err := s.finishByLink(ctx, user, link, r)
	s.Observer.Passkey("registration", auth.OutcomeOf(err))
	return p, handle, err
}

func (s *Service) finishByLink(ctx context.Context, user auth.User, link auth.TokenHash, r Registration) (Passkey, []byte, error) {
	rp, err := s.relyingParty()
	if err != nil {
		return Passkey{}, nil, err
	}
	b, found, err := s.redeem(ctx, auth.PasskeyRegistrationToken, r.Ceremony, user.ID, "")
	switch {
	case err != nil:
		return Passkey{}, nil, err
	case !found || subtle.ConstantTimeCompare(b.Challenge, link[:]) != 1:
		return Passkey{}, nil, auth.Refuse(auth.PasskeyRegistrationInvalid)
	}
	person, err := s.personByLink(ctx, rp, user, &b)
	if err != nil {
		return Passkey{}, nil, err
	}
	c, err := s.WebAuthn.Created(rp, person, b.State, []byte(r.Credential))
	switch {
	case errors.Is(err, ErrAnswer):
		s.Log.InfoContext(ctx, "passkey not set up", "reason", err)
		return Passkey{}, nil, &auth.Error{Code: auth.PasskeyRegistrationInvalid, Cause: err}
	case err != nil:
		return Passkey{}, nil, err
	case !c.UserVerified:
		return Passkey{}, nil, auth.Refuse(auth.PasskeyUnverified)
	}
	id, err := s.NewID()
	return Passkey{ID: id, UserID: user.ID, Name: r.Name, Credential: c, CreatedAt: s.Now()}, person.Handle, err
}

// personByLink is a user as authenticators know them, or will know them. What signs them in now
// goes when the new one comes, and may be replaced in its authenticator.
func (s *Service) personByLink(ctx context.Context, rp RelyingParty, user auth.User, b *begun) (Person, error) {
	if user.ID != "" {
		person, _, err := s.person(ctx, rp, user)
		person.Credentials = slices.DeleteFunc(person.Credentials, func(c Credential) bool { return c.UserVerified })
		return person, err
	}
	if b.Handle == nil {
		b.Handle = make([]byte, handleBytes)
		if _, err := io.ReadFull(s.Random, b.Handle); err != nil {
			return Person{}, fmt.Errorf("make user handle: %w", err)
		}
	}
	return personOf(rp, user, b.Handle, nil), nil
}
