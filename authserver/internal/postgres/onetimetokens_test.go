// SPDX-License-Identifier: Apache-2.0

package postgres_test

import (
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/realmkeeper/realmkeeper/authserver/internal/auth"
	"github.com/realmkeeper/realmkeeper/authserver/internal/signin"
)

func TestTicketIsRedeemedOnce(t *testing.T) {
	t.Parallel()
	s := newStore(t)
	ticket := auth.OneTimeToken{
		Hash: auth.TokenHash{1}, Kind: auth.ResetPasswordToken, Sealed: []byte("sealed"),
		CreatedAt: start, ExpiresAt: start.Add(time.Minute),
	}
	if err := s.IssueToken(t.Context(), ticket, auth.Effects{}); err != nil {
		t.Fatal(err)
	}
	if _, found, err := s.RedeemToken(t.Context(), auth.AuthorizationCodeToken, ticket.Hash, start); found || err != nil {
		t.Errorf("redeemed as another kind: %t, %v", found, err)
	}
	if _, found, err := s.RedeemToken(t.Context(), auth.ResetPasswordToken, ticket.Hash, ticket.ExpiresAt); found || err != nil {
		t.Errorf("redeemed after its time: %t, %v", found, err)
	}
	if got, found, err := s.PeekToken(t.Context(), auth.ResetPasswordToken, ticket.Hash, start); err != nil || !found || string(got.Sealed) != "sealed" {
		t.Errorf("peeked %+v, %t, %v", got, found, err)
	}
}

func TestTicketOfEveryKindIsRedeemedOnce(t *testing.T) {
	t.Parallel()
	for _, kind := range []auth.OneTimeTokenKind{auth.FederationStateToken, auth.AuthorizationCodeToken} {
		t.Run(string(kind), func(t *testing.T) {
			t.Parallel()
			s := newStore(t)
			for range rounds {
				ticket := auth.OneTimeToken{Hash: randomHash(), Kind: kind, CreatedAt: start, ExpiresAt: start.Add(time.Minute)}
				if err := s.IssueToken(t.Context(), ticket, auth.Effects{}); err != nil {
					t.Fatal(err)
				}
				won := race(t, func(int) (bool, error) {
					_, found, err := s.RedeemToken(t.Context(), kind, ticket.Hash, start)
					return found, err
				})
				if won != 1 {
					t.Fatalf("%d of %d redeemed it", won, callers)
				}
			}
		})
	}
}

func TestTicketIsSpentOnce(t *testing.T) {
	t.Parallel()
	s, url := newStoreAt(t)
	for range rounds {
		ticket := auth.OneTimeToken{Hash: randomHash(), Kind: auth.ClientAssertionToken, CreatedAt: start, ExpiresAt: start.Add(time.Minute)}
		if won := raceOf(t, 50, func(int) (bool, error) { return s.SpendToken(t.Context(), ticket) }); won != 1 {
			t.Fatalf("%d of 50 spent it", won)
		}
		if _, found, err := s.RedeemToken(t.Context(), auth.ClientAssertionToken, ticket.Hash, ticket.ExpiresAt); found || err != nil {
			t.Errorf("redeemed after its time: %t, %v", found, err)
		}
	}
	if got := count(t, url, "tickets"); got != rounds {
		t.Errorf("%d are remembered, want %d", got, rounds)
	}
	other := auth.OneTimeToken{Hash: randomHash(), Kind: auth.ClientAssertionToken, CreatedAt: start, ExpiresAt: start.Add(time.Minute)}
	if fresh, err := s.SpendToken(t.Context(), other); !fresh || err != nil {
		t.Errorf("another one: %t, %v", fresh, err)
	}
}

func TestEffectsGoWithTheirCause(t *testing.T) {
	t.Parallel()
	s, url := newStoreAt(t)
	login(t, s, 1, start)
	user, _, err := s.UserByEmail(t.Context(), "ann@example.com")
	if err != nil {
		t.Fatal(err)
	}
	effects := func() auth.Effects {
		return auth.Effects{
			Messages: []auth.Message{{ID: uuid.NewString(), Channel: auth.ByMail, Kind: auth.NewDeviceMessage, Sealed: []byte{1, 2}}},
			Events: []auth.Event{{
				ID: uuid.NewString(), Action: auth.ActLogin, Outcome: auth.Succeeded,
				ActorID: user.ID, Account: annKey, Address: "192.0.2.1", At: start,
			}},
		}
	}
	try := func(sessionID, checkedHash string) bool {
		t.Helper()
		stale := user
		stale.PasswordHash = checkedHash
		started, err := s.StartSession(t.Context(), signin.NewSession{
			SessionID: sessionID, User: stale, Refresh: auth.TokenHash{2},
			NewHash: user.PasswordHash, Now: start, ExpiresAt: start.Add(time.Hour),
		}, effects())
		if err != nil {
			t.Fatal(err)
		}
		return started.Started
	}
	if try(uuid.NewString(), "another hash") {
		t.Error("a session started with a stale password")
	}
	if count(t, url, "outbox") != 0 || count(t, url, "audit_events") != 0 {
		t.Error("effects were stored without their cause")
	}
	if !try(uuid.NewString(), user.PasswordHash) {
		t.Fatal("no session")
	}
	if count(t, url, "outbox") != 1 || count(t, url, "audit_events") != 1 {
		t.Error("effects were not stored with their cause")
	}
}
