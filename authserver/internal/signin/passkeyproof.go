// SPDX-License-Identifier: Apache-2.0

package signin

import (
	"context"

	"github.com/realmkeeper/realmkeeper/authserver/internal/auth"
	"github.com/realmkeeper/realmkeeper/authserver/internal/passkey"
)

// AskPasskeyProof asks the bearer of an access token for a passkey of theirs, as a Proof in the
// same session. It refuses as session.Caller does, and with NotFound where the realm has no
// passkeys, or SecondFactorMissing where the user has none that verifies them.
func (s *Service) AskPasskeyProof(ctx context.Context, access auth.Secret) (passkey.Ceremony, error) {
	user, subject, err := s.Sessions.Caller(ctx, access)
	if err != nil {
		return passkey.Ceremony{}, err
	}
	return s.Passkeys.AskProof(ctx, user, subject.SessionID)
}

// verifyPasskeyProof wants an authenticator that has verified its user just now. A security key
// that does not is a second factor: whoever has found the session, and the key in the same
// machine, must not change with it what protects the account.
func (s *Service) verifyPasskeyProof(ctx context.Context, user auth.User, subject auth.Subject, a PasskeyAnswer, from auth.Client) error {
	ctx = context.WithoutCancel(ctx) // the ceremony is used up
	err := s.Passkeys.Prove(ctx, user, subject.SessionID, a.Ceremony, a.Credential, from)
	s.Audit.RecordProof(ctx, user, byPasskey, from, err)
	return err
}
