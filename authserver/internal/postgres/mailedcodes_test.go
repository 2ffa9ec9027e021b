// SPDX-License-Identifier: Apache-2.0

package postgres_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/realmkeeper/realmkeeper/authserver/internal/auth"
	"github.com/realmkeeper/realmkeeper/authserver/internal/reclaim"
	"github.com/realmkeeper/realmkeeper/authserver/internal/signin"
)

func TestMailedCodesEndNoOthers(t *testing.T) {
	t.Parallel()
	s, url := newStoreAt(t)
	u := addUser(t, s, "ann@example.com")
	mailed(t, s, auth.ResetPasswordToken, u, u.Email, start)
	first := mailed(t, s, auth.MailedCodeToken, u, u.Email, start)
	sent := race(t, func(int) (bool, error) {
		return s.MailToken(context.Background(), auth.OneTimeToken{
			Hash: randomHash(), Kind: auth.MailedCodeToken, UserID: u.ID, Email: u.Email, Sealed: []byte("sealed"),
			CreatedAt: start, ExpiresAt: start.Add(time.Minute),
		}, auth.Effects{})
	})
	if got := count(t, url, "tickets WHERE kind = 'mailed_code'"); sent != callers || got != callers+1 {
		t.Errorf("of %d that were sent, %d codes are good", sent, got)
	}
	if got := count(t, url, "tickets WHERE kind = 'reset'"); got != 1 {
		t.Errorf("there are %d links", got)
	}
	token, owner, found, err := s.MailedCode(t.Context(), first.Hash, start)
	if err != nil || !found || owner.ID != u.ID || token.UserID != u.ID || token.Email != u.Email || token.Kind != auth.MailedCodeToken {
		t.Errorf("read %+v of %+v, %t, %v", token, owner, found, err)
	}
	for name, hash := range map[string]auth.TokenHash{"nobody's": randomHash(), "after its time": first.Hash} {
		if _, _, found, err := s.MailedCode(t.Context(), hash, first.ExpiresAt); found || err != nil {
			t.Errorf("%s: found %t, %v", name, found, err)
		}
	}
}

// What a code is worth, a session, a challenge or the account itself, it is worth once.
func TestAMailedCodeIsWorthOneThing(t *testing.T) {
	t.Parallel()
	s, url := newStoreAt(t)
	for round := range rounds {
		u := addUser(t, s, fmt.Sprintf("ann-%d@example.com", round))
		code := mailed(t, s, auth.MailedCodeToken, u, u.Email, start)
		won := raceOf(t, 50, func(i int) (bool, error) {
			switch i % 3 {
			case 0:
				started, err := s.StartSession(context.Background(), signin.NewSession{
					SessionID: uuid.NewString(), User: u, Refresh: randomHash(), NewHash: u.PasswordHash, Redeems: &code.Hash,
					Now: start, AuthTime: start, ExpiresAt: start.Add(time.Hour),
				}, auth.Effects{})
				return started.Started, err
			case 1:
				return s.ExchangeToken(context.Background(), code.Hash, auth.OneTimeToken{
					Hash: randomHash(), Kind: auth.ChallengeToken, UserID: u.ID, Sealed: []byte("sealed"), CreatedAt: start, ExpiresAt: start.Add(time.Minute),
				}, auth.Effects{})
			default:
				r, err := s.ReclaimByMail(context.Background(), reclaim.Claim{User: u, Now: start}, code, auth.Effects{})
				return r.Done, err
			}
		})
		if won != 1 {
			t.Fatalf("%d of 50 were given something", won)
		}
	}
	if got := count(t, url, "tickets WHERE kind = 'mailed_code'"); got != 0 {
		t.Errorf("%d codes are still good", got)
	}
}

func TestAMailedCodeIsExchangedByItsUserInTime(t *testing.T) {
	t.Parallel()
	s, url := newStoreAt(t)
	u, other := addUser(t, s, "ann@example.com"), addUser(t, s, "bob@example.com")
	code := mailed(t, s, auth.MailedCodeToken, u, u.Email, start)
	next := func(userID string, at time.Time) auth.OneTimeToken {
		return auth.OneTimeToken{Hash: randomHash(), Kind: auth.ChallengeToken, UserID: userID, Sealed: []byte("sealed"), CreatedAt: at, ExpiresAt: at.Add(time.Minute)}
	}
	for name, token := range map[string]auth.OneTimeToken{"another's": next(other.ID, start), "after its time": next(u.ID, code.ExpiresAt)} {
		if exchanged, err := s.ExchangeToken(t.Context(), code.Hash, token, auth.Effects{}); exchanged || err != nil {
			t.Errorf("%s: exchanged %t, %v", name, exchanged, err)
		}
	}
	if exchanged, err := s.ExchangeToken(t.Context(), code.Hash, next(u.ID, start), auth.Effects{}); !exchanged || err != nil {
		t.Errorf("exchanged %t, %v", exchanged, err)
	}
	if got := count(t, url, "tickets WHERE kind = 'challenge'"); got != 1 || count(t, url, "tickets") != 1 {
		t.Errorf("there are %d challenges", got)
	}
}
