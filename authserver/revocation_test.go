// SPDX-License-Identifier: Apache-2.0

package authserver_test

import (
	"net/http"
	"slices"
	"testing"
	"time"

	"github.com/realmkeeper/realmkeeper/authserver/realmconfig"
	"github.com/realmkeeper/realmkeeper/internal/testenv"
	"github.com/realmkeeper/realmkeeper/internal/testenv/realmfolder"
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
				s.forward(http.MethodGet, "/api/auth/verify", session.Access).Expect(t, http.StatusOK, "")
			}
			leaked := r.AccessKeys()[0].KID
			if signed := s.Report().TokensSigned[leaked]; signed != 1 {
				t.Errorf("%d tokens are said to be signed with the key, want 1", signed)
			}

			next := realmfolder.NewKey(algorithm)
			r.Keyset = realmfolder.Keyset(next)
			r.Update()
			s.eventually("the next key signs", func() bool { return s.Report().SigningKeyID == next.KID })
			if slices.Contains(s.Report().KeyIDs, leaked) {
				t.Error("the key is published")
			}
			s.profile(session.Access).Expect(t, http.StatusUnauthorized, "token_invalid")
			s.forward(http.MethodGet, "/api/auth/verify", session.Access).Expect(t, http.StatusUnauthorized, "token_invalid")

			renewed := s.refresh(session.Refresh)
			s.profile(renewed.Access).Expect(t, http.StatusOK, "")
			s.forward(http.MethodGet, "/api/auth/verify", renewed.Access).Expect(t, http.StatusOK, "")
			if signed := s.Report().TokensSigned; signed[next.KID] != 1 || len(signed) != 1 {
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
			s.profile(used.Access).Expect(t, http.StatusOK, "")

			r.Clock.Advance(5 * time.Second)
			notBefore := r.Clock.Now().Add(2 * time.Second).Truncate(time.Second).UTC()
			r.Config.Tokens.SessionsNotBefore = &notBefore
			r.Update()
			encoded, err := realmconfig.Encode(r.Config)
			if err != nil {
				t.Fatal(err)
			}
			s.eventually("the settings are in force", func() bool { return s.Report().ConfigRevision == realmconfig.Revision(encoded) })
			r.Clock.Advance(2 * time.Second)

			s.tryRefresh(idle.Refresh).Expect(t, http.StatusUnauthorized, "refresh_token_invalid")
			s.tryRefresh(retried.Refresh).Expect(t, http.StatusUnauthorized, "refresh_token_invalid")
			s.profile(used.Access).Expect(t, http.StatusUnauthorized, "token_invalid")
			s.forward(http.MethodGet, "/api/auth/verify", used.Access).Expect(t, http.StatusUnauthorized, "token_invalid")

			again := s.login()
			again = s.refresh(again.Refresh)
			s.profile(again.Access).Expect(t, http.StatusOK, "")
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
	notBefore := r.Clock.Now().Add(time.Hour)
	r.Config.Tokens.SessionsNotBefore = &notBefore
	revision := s.Report().ConfigRevision
	r.Update()
	s.eventually("the settings are in force", func() bool { return s.Report().ConfigRevision != revision })
	session = s.refresh(session.Refresh)
	s.profile(session.Access).Expect(t, http.StatusOK, "")
}
