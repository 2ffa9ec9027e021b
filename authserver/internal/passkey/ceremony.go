// SPDX-License-Identifier: Apache-2.0

package passkey

import (
	"context"
	"encoding/json"
	"time"

	"github.com/realmkeeper/realmkeeper/authserver/internal/auth"
)

const (
	ceremonyPrefix = "rkw_"
	// CeremonyLifetime is how long an authenticator may take to answer.
	CeremonyLifetime = 5 * time.Minute
	// sealedForCeremony is the purpose under which what was asked is sealed, for its token.
	sealedForCeremony = "passkey ceremony"
)

// Ceremony is a question that waits for its answer.
type Ceremony struct {
	// ID is the secret of whoever may answer.
	ID       auth.Secret
	Options  json.RawMessage
	Lifetime time.Duration
}

// begun is what a ceremony remembers.
type begun struct {
	State []byte `json:"state"`
	// Challenge is the hash of the sign-in that a second factor completes, or of the mailed
	// link of whoever gets a passkey by it; nil for none.
	Challenge []byte `json:"challenge,omitempty"`
	// Handle is what authenticators are to know somebody by who has no account yet; nil for
	// others.
	Handle []byte `json:"handle,omitempty"`
}

// begin keeps a question. UserID and sessionID are empty for a stranger's.
func (s *Service) begin(ctx context.Context, kind auth.OneTimeTokenKind, userID, sessionID string, q Question, challenge []byte) (Ceremony, error) {
	return s.keep(ctx, kind, userID, sessionID, q, begun{State: q.State, Challenge: challenge})
}

func (s *Service) keep(ctx context.Context, kind auth.OneTimeTokenKind, userID, sessionID string, q Question, b begun) (Ceremony, error) {
	id, err := auth.NewOpaque(ceremonyPrefix, s.Random)
	if err != nil {
		return Ceremony{}, err
	}
	t := auth.OneTimeToken{Hash: auth.HashOf(id), Kind: kind, UserID: userID, SessionID: sessionID}
	if err := t.Keep(s.Sealer, sealedForCeremony, b, s.Now(), CeremonyLifetime); err != nil {
		return Ceremony{}, err
	}
	return Ceremony{ID: id, Options: q.Options, Lifetime: CeremonyLifetime}, s.Store.IssueToken(ctx, t, auth.Effects{})
}

// redeem uses up a ceremony. It is false when there is none, or when it is another user's or
// another session's.
func (s *Service) redeem(ctx context.Context, kind auth.OneTimeTokenKind, id auth.Secret, userID, sessionID string) (begun, bool, error) {
	if !auth.IsOpaque(ceremonyPrefix, id) {
		return begun{}, false, nil
	}
	t, found, err := s.Store.RedeemToken(ctx, kind, auth.HashOf(id), s.Now())
	if err != nil || !found || t.UserID != userID || t.SessionID != sessionID {
		return begun{}, false, err
	}
	b := begun{}
	if err := t.Open(s.Sealer, sealedForCeremony, &b); err != nil {
		return begun{}, false, nil //nolint:nilerr // its key is gone, and so is the ceremony
	}
	return b, true, nil
}
