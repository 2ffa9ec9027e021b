// SPDX-License-Identifier: Apache-2.0

package authserver_test

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/realmkeeper/realmkeeper/authserver/realmconfig"
	"github.com/realmkeeper/realmkeeper/internal/testenv"
	"github.com/realmkeeper/realmkeeper/internal/testenv/race"
)

func TestRefreshRotates(t *testing.T) {
	t.Parallel()
	s := newRealm(t).serve()
	first := s.login()
	second := s.refresh(first.Refresh)
	third := s.refresh(second.Refresh)
	if first.Refresh == second.Refresh || second.Refresh == third.Refresh {
		t.Error("a refresh token was not replaced")
	}
	if a := s.profile(third.Access); a.Status != http.StatusOK {
		t.Errorf("the new access token is refused: %d %s", a.Status, a.Body)
	}
	if third.RefreshExpiresIn != 7*24*3600 {
		t.Errorf("the successor lives %d s, want the whole lifetime anew", third.RefreshExpiresIn)
	}
}

// Fifty at once, many times over: one rotates, everybody gets its successor.
func TestRefreshOfOneTokenFromManyPlaces(t *testing.T) {
	t.Parallel()
	for name, cached := range map[string]bool{"with Redis": true, "without Redis": false} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			cache := "redis://127.0.0.1:1/0" // nobody listens there
			if cached {
				cache = testenv.RedisURL(t)
			}
			r := newRealmOn(t, suite.postgres.Database(t), cache)
			r.Clock.Stop() // within the grace period, however long it takes
			s := r.serve()
			token := s.login().Refresh
			for round := range 20 {
				token = s.refreshTogether(token, 50)
				rotated := query[int](r, "SELECT count(*) FROM refresh_tokens WHERE rotated_at IS NOT NULL")
				live := query[int](r, "SELECT count(*) FROM refresh_tokens WHERE rotated_at IS NULL")
				if rotated != round+1 || live != 1 {
					t.Fatalf("round %d: %d tokens are used up and %d live", round, rotated, live)
				}
			}
			if ended := query[int](r, "SELECT count(*) FROM sessions WHERE ended_at IS NOT NULL"); ended != 0 {
				t.Error("somebody was logged out")
			}
		})
	}
}

func (s *server) refreshTogether(token string, callers int) string {
	s.t.Helper()
	successors := map[string]bool{}
	for _, a := range race.Answers(callers, func(int) answer { return s.tryRefresh(token) }) {
		successors[s.tokensOf(a).Refresh] = true
	}
	if len(successors) != 1 {
		s.t.Fatalf("%d different successors", len(successors))
	}
	for successor := range successors {
		return successor
	}
	return ""
}

func TestRefreshReuse(t *testing.T) {
	t.Parallel()
	redis := testenv.StartRedis(t)
	r := newRealmOn(t, suite.postgres.Database(t), redis.URL())
	r.Clock.Stop()
	s := r.serve()

	t.Run("within the grace period is a retry, with or without Redis", func(t *testing.T) {
		session := s.login()
		successor := s.refresh(session.Refresh)
		if again := s.refresh(session.Refresh); again.Refresh != successor.Refresh || again.Access == successor.Access {
			t.Error("a retry got other tokens")
		}
		redis.Flush(t)
		if again := s.refresh(session.Refresh); again.Refresh != successor.Refresh {
			t.Error("a retry got another successor from PostgreSQL")
		}
	})
	t.Run("of a slow tab gets the token that is alive", func(t *testing.T) {
		session := s.login()
		second := s.refresh(session.Refresh)
		r.Clock.Advance(7 * time.Second)
		third := s.refresh(second.Refresh)
		r.Clock.Advance(time.Second)
		slow := s.refresh(session.Refresh)
		redis.Flush(t)
		if again := s.refresh(session.Refresh); slow.Refresh != third.Refresh || again.Refresh != third.Refresh {
			t.Error("a retry got a token that was used up")
		}
		r.Clock.Advance(time.Hour)
		s.refresh(slow.Refresh)
	})
	t.Run("of a slow tab does so when Redis has missed a rotation", func(t *testing.T) {
		session := s.login()
		second := s.refresh(session.Refresh)
		redis.Stop(t)
		third := s.refresh(second.Refresh)
		redis.Start(t)
		s.eventually("Redis is used again", func() bool {
			s.login()
			r.Clock.Advance(time.Second) // after two of them, a server tries Redis again
			return s.Metric("realmkeeper_cache_away") == "0"
		})
		if slow := s.refresh(session.Refresh); slow.Refresh != third.Refresh {
			t.Error("a retry got a token that was used up")
		}
	})
	t.Run("of a user who was disabled meanwhile is refused", func(t *testing.T) {
		a := s.newAnn("user")
		s.refresh(a.session.Refresh)
		r.Exec("UPDATE users SET disabled_at = now() WHERE id = $1", a.user.ID)
		s.tryRefresh(a.session.Refresh).Expect(t, http.StatusUnauthorized, "refresh_token_invalid")
	})
	t.Run("after the grace period ends the session", func(t *testing.T) {
		session := s.login()
		successor := s.refresh(session.Refresh)
		r.Clock.Advance(10 * time.Second)
		s.tryRefresh(session.Refresh).Expect(t, http.StatusUnauthorized, "refresh_token_invalid")
		s.tryRefresh(successor.Refresh).Expect(t, http.StatusUnauthorized, "refresh_token_invalid")
		s.profile(successor.Access).Expect(t, http.StatusUnauthorized, "token_invalid")
		if reason := query[string](r, "SELECT ended_reason FROM sessions WHERE ended_at IS NOT NULL"); reason != "reuse" {
			t.Errorf("the session ended for %q", reason)
		}
	})
	t.Run("of an expired token is refused", func(t *testing.T) {
		session := s.login()
		r.Clock.Advance(7 * 24 * time.Hour)
		s.tryRefresh(session.Refresh).Expect(t, http.StatusUnauthorized, "refresh_token_invalid")
	})
	for outcome, want := range map[string]string{"rotated": "8", "grace_retry": "5", "reuse": "1", "reuse_of_ended_session": "2", "expired": "1"} {
		if got := s.Metric(fmt.Sprintf("realmkeeper_refreshes_total{outcome=%q}", outcome)); got != want {
			t.Errorf("counted %q refreshes as %s, want %s", got, outcome, want)
		}
	}
}

// A used token has no row a few hours later, and says itself what it belongs to.
func TestRefreshWithATokenThatIsForgotten(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		// token is what is shown after a while, of a session that went on meanwhile.
		token func(r *realm, first, second string) string
		after time.Duration
		ends  bool
	}{
		"and was used ends the session": {func(r *realm, first, _ string) string {
			r.Exec("DELETE FROM refresh_tokens WHERE traceable")
			return first
		}, 3 * time.Hour, true},
		"and was used days ago ends the session": {func(r *realm, first, _ string) string {
			r.Exec("DELETE FROM refresh_tokens WHERE traceable")
			return first
		}, 6 * 24 * time.Hour, true},
		"because the database lost it is refused": {func(r *realm, _, second string) string {
			r.Exec("DELETE FROM refresh_tokens WHERE NOT coalesce(traceable, false)")
			return second
		}, 30 * time.Minute, false},
		"because it expired, while a client kept the session alive, is refused": {func(r *realm, _, second string) string {
			r.Exec("DELETE FROM refresh_tokens")
			r.Exec("UPDATE sessions SET expires_at = expires_at + interval '30 days'")
			return second
		}, 8 * 24 * time.Hour, false},
		"of a session that has expired is refused": {func(r *realm, first, _ string) string {
			r.Exec("DELETE FROM refresh_tokens WHERE traceable")
			r.Exec("UPDATE sessions SET expires_at = expires_at - interval '7 days'")
			return first
		}, 3 * time.Hour, false},
		"because somebody who knows the session made it up is refused": {func(_ *realm, first, _ string) string {
			b, err := base64.RawURLEncoding.DecodeString(strings.TrimPrefix(first, "rkr_"))
			if err != nil {
				panic(err)
			}
			b[16] ^= 1 // the family
			return "rkr_" + base64.RawURLEncoding.EncodeToString(b)
		}, 3 * time.Hour, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := newRealmOn(t, suite.postgres.Database(t), "redis://127.0.0.1:1/0") // nobody listens there
			r.Clock.Stop()
			s := r.serve()
			first := s.login()
			second := s.refresh(first.Refresh)
			token := c.token(r, first.Refresh, second.Refresh)
			r.Clock.Advance(c.after)
			s.tryRefresh(token).Expect(t, http.StatusUnauthorized, "refresh_token_invalid")
			ended := query[int](r, "SELECT count(*) FROM sessions WHERE ended_reason = 'reuse'")
			told := query[int](r, "SELECT count(*) FROM audit_events WHERE action = 'refresh_token.reused'")
			if want := map[bool]int{true: 1}[c.ends]; ended != want || told != want {
				t.Errorf("%d sessions ended and %d events tell of it, want %d", ended, told, want)
			}
		})
	}
}

// Its servers know tokens by their hash alone, and begin sessions without a family.
func TestRefreshOfASessionOfTheReleaseBefore(t *testing.T) {
	t.Parallel()
	r := newRealm(t)
	r.Clock.Stop()
	s := r.serve()
	first := s.login()
	r.Exec("UPDATE sessions SET family = NULL")
	second := s.refresh(first.Refresh)
	if kept := query[int](r, "SELECT count(*) FROM refresh_tokens WHERE rotated_at IS NOT NULL AND traceable IS NULL"); kept != 1 {
		t.Error("the used token may be forgotten, and nothing would tell of its reuse")
	}
	r.Clock.Advance(3 * time.Hour)
	third := s.refresh(second.Refresh)
	s.tryRefresh(first.Refresh).Expect(t, http.StatusUnauthorized, "refresh_token_invalid")
	s.tryRefresh(third.Refresh).Expect(t, http.StatusUnauthorized, "refresh_token_invalid")
}

func TestRefreshWithoutGracePeriod(t *testing.T) {
	t.Parallel()
	r := newRealm(t)
	r.Config.Tokens.RefreshGracePeriod = 0
	r.Update()
	s := r.serve()
	session := s.login()
	s.refresh(session.Refresh)
	s.tryRefresh(session.Refresh).Expect(t, http.StatusUnauthorized, "refresh_token_invalid")
}

func TestStoredSessionsRevealNoToken(t *testing.T) {
	t.Parallel()
	r := newRealm(t)
	s := r.serve()
	session := s.login()
	successor := s.refresh(session.Refresh)
	dump := query[string](r, `SELECT (SELECT json_agg(t)::text FROM refresh_tokens t) || (SELECT json_agg(s)::text FROM sessions s)`)
	for _, secret := range []string{session.Refresh, successor.Refresh} {
		if containsToken(dump, secret) {
			t.Error("the database holds a refresh token")
		}
	}
}

// containsToken also finds the token as PostgreSQL shows bytes.
func containsToken(dump, token string) bool {
	s := &secrets{}
	s.used(token, fmt.Sprintf("%x", token))
	return len(s.in(dump)) > 0
}

func TestRefreshTokensOutliveASettingsChange(t *testing.T) {
	t.Parallel()
	r := newRealm(t)
	s := r.serve()
	session := s.login()
	r.Config.Tokens.AccessTokenLifetime = realmconfig.Duration(5 * time.Minute)
	r.Update()
	s.eventually("the new lifetime is in force", func() bool {
		session = s.refresh(session.Refresh)
		return session.ExpiresIn == 300
	})
	claims := claimsOf(t, session.Access)
	if claims["exp"].(float64)-claims["iat"].(float64) != 300 {
		t.Errorf("claims are %v", claims)
	}
}

func claimsOf(t testing.TB, access string) map[string]any {
	t.Helper()
	claims := map[string]any{}
	if err := json.Unmarshal(part(t, access, 1), &claims); err != nil {
		t.Fatal(err)
	}
	return claims
}
