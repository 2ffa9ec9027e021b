// SPDX-License-Identifier: Apache-2.0

package account

import (
	"context"

	"github.com/realmkeeper/realmkeeper/authserver/internal/auth"
	"github.com/realmkeeper/realmkeeper/authserver/internal/passkey"
	"github.com/realmkeeper/realmkeeper/authserver/internal/signin"
)

// PasskeysOf are the caller's. It refuses as session.Caller does.
func (s *Service) PasskeysOf(ctx context.Context, access auth.Secret) ([]passkey.Passkey, error) {
	user, _, err := s.Sessions.Caller(ctx, access)
	if err != nil {
		return nil, err
	}
	return s.Passkeys.Of(ctx, user)
}

// BeginPasskey asks for a new passkey of the caller; see passkey.Begin. It refuses as
// session.Caller, signin.RequireFactorProof and passkey.Begin do.
func (s *Service) BeginPasskey(ctx context.Context, access auth.Secret, p signin.Proof, from auth.Client) (passkey.Ceremony, error) {
	user, subject, err := s.Sessions.Caller(ctx, access)
	if err != nil {
		return passkey.Ceremony{}, err
	}
	if !s.Passkeys.On() {
		return passkey.Ceremony{}, auth.Refuse(auth.NotFound)
	}
	if err := s.SignIn.RequireFactorProof(ctx, user, subject, p, from); err != nil {
		return passkey.Ceremony{}, err
	}
	return s.Passkeys.Begin(ctx, user, subject.SessionID)
}

// FinishPasskey adds the passkey that the same session has asked for. Whoever answers need not
// prove anything: somebody has, when they began. It refuses as session.Caller and passkey.Finish
// do.
func (s *Service) FinishPasskey(ctx context.Context, access auth.Secret, r passkey.Registration, from auth.Client) (passkey.Added, error) {
	user, subject, err := s.Sessions.Caller(ctx, access)
	if err != nil {
		return passkey.Added{}, err
	}
	return s.Passkeys.Finish(ctx, user, subject.SessionID, r, from)
}

// RenamePasskey gives a passkey of the caller another name. It refuses as session.Caller and
// passkey.Rename do.
func (s *Service) RenamePasskey(ctx context.Context, access auth.Secret, id, name string, from auth.Client) error {
	user, _, err := s.Sessions.Caller(ctx, access)
	if err != nil {
		return err
	}
	return s.Passkeys.Rename(ctx, user, id, name, from)
}

// RemovePasskey takes a passkey from the caller. It refuses as session.Caller,
// signin.RequireFactorProof and passkey.Remove do.
func (s *Service) RemovePasskey(ctx context.Context, access auth.Secret, id string, p signin.Proof, from auth.Client) error {
	user, err := s.SignIn.ProvenFactorOwner(ctx, access, p, from)
	if err != nil {
		return err
	}
	return s.Passkeys.Remove(context.WithoutCancel(ctx), user, id, from)
}
