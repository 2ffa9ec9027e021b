// SPDX-License-Identifier: Apache-2.0

package authserver_test

import (
	"net/http"
	"slices"
	"testing"
	"time"

	"github.com/realmkeeper/realmkeeper/authserver/realmconfig"
	"github.com/realmkeeper/realmkeeper/internal/testenv"
)

// A leaked key: what it signed is refused though it was taken, and remembered, a
// moment before; nobody has to log in again.
func TestNothingOfARevokedKeyIsTaken(t *testing.T) {
	t.Parallel()
	for _, algorithm := range []realmconfig.Algorithm{realmconfig.ES256, realmconfig.RS256, realmconfig.EdDSA} {
		t.Run(string(algorithm), func(t *testing.T) {
			t.Parallel()
			r := newRealm(t)
			s := r.serve()
			session := s.login()
			for range 3 {
				s.forward(http.MethodGet, "/api/auth/verify", session.Access).expect(t, http.StatusOK, "")
			}
			leaked := r.keyset.Keys[0].KID
			if signed := s.report().TokensSigned[leaked]; signed != 1 {
				t.Errorf("%d tokens are said to be signed with the key, want 1", signed)
			}

			next := newKey(algorithm)
			r.keyset.Keys = []realmconfig.Key{next}
			r.write()
			s.eventually("the next key signs", func() bool { return s.report().SigningKeyID == next.KID })
			if slices.Contains(s.report().KeyIDs, leaked) {
				t.Error("the key is published")
			}
			s.profile(session.Access).expect(t, http.StatusUnauthorized, "token_invalid")
			s.forward(http.MethodGet, "/api/auth/verify", session.Access).expect(t, http.StatusUnauthorized, "token_invalid")

			renewed := s.refresh(session.Refresh)
			s.profile(renewed.Access).expect(t, http.StatusOK, "")
			s.forward(http.MethodGet, "/api/auth/verify", renewed.Access).expect(t, http.StatusOK, "")
			if signed := s.report().TokensSigned; signed[next.KID] != 1 || len(signed) != 1 {
				t.Errorf("tokens are said to be signed with %v", signed)
			}
		})
	}
}

// sessionsNotBefore ends sessions from one moment to the next, wherever they
// could live on: in PostgreSQL, in Redis, in a token.
func TestSessionsFromBeforeATimeAreOver(t *testing.T) {
	t.Parallel()
	for name, cached := range map[string]bool{"with Redis": true, "without Redis": false} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			cache := "redis://127.0.0.1:1/0" // nobody listens there
			if cached {
				cache = testenv.RedisURL(t)
			}
			r := newRealmOn(t, suite.postgres.Database(t), cache)
			s := r.serve()
			idle, retried, used := s.login(), s.login(), s.login()
			s.refresh(retried.Refresh) // whose answer is kept for a second try
			s.profile(used.Access).expect(t, http.StatusOK, "")

			r.clock.advance(5 * time.Second)
			notBefore := r.clock.now().Add(2 * time.Second).Truncate(time.Second).UTC()
			r.config.Tokens.SessionsNotBefore = &notBefore
			r.write()
			encoded, err := realmconfig.Encode(r.config)
			if err != nil {
				t.Fatal(err)
			}
			s.eventually("the settings are in force", func() bool { return s.report().ConfigRevision == realmconfig.Revision(encoded) })
			r.clock.advance(2 * time.Second)

			s.tryRefresh(idle.Refresh).expect(t, http.StatusUnauthorized, "refresh_token_invalid")
			s.tryRefresh(retried.Refresh).expect(t, http.StatusUnauthorized, "refresh_token_invalid")
			s.profile(used.Access).expect(t, http.StatusUnauthorized, "token_invalid")
			s.forward(http.MethodGet, "/api/auth/verify", used.Access).expect(t, http.StatusUnauthorized, "token_invalid")

			again := s.login()
			again = s.refresh(again.Refresh)
			s.profile(again.Access).expect(t, http.StatusOK, "")
			listed := decode[struct{ Sessions []struct{ ID string } }](t,
				s.as(again.Access, http.MethodGet, "/api/auth/sessions", nil), http.StatusOK).Sessions
			if len(listed) != 1 {
				t.Errorf("%d sessions are listed, want the new one alone", len(listed))
			}
		})
	}
}

func TestSessionsNotBeforeATimeThatLiesAheadEndsNone(t *testing.T) {
	t.Parallel()
	r := newRealm(t)
	s := r.serve()
	session := s.login()
	notBefore := r.clock.now().Add(time.Hour)
	r.config.Tokens.SessionsNotBefore = &notBefore
	revision := s.report().ConfigRevision
	r.write()
	s.eventually("the settings are in force", func() bool { return s.report().ConfigRevision != revision })
	session = s.refresh(session.Refresh)
	s.profile(session.Access).expect(t, http.StatusOK, "")
}
