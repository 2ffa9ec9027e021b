// SPDX-License-Identifier: Apache-2.0

package authserver_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/realmkeeper/realmkeeper/authserver/realmconfig"
	"github.com/realmkeeper/realmkeeper/internal/testenv"
	"github.com/realmkeeper/realmkeeper/internal/testenv/realmtest"
)

const verifyPath = "/api/auth/verify"

// verifies is what a gateway is told about a token: the code of its refusal.
func (s *server) verifies(access string, query string) string {
	s.t.Helper()
	a := s.forward(http.MethodGet, verifyPath+query, access)
	if a.Status == http.StatusOK {
		return "200"
	}
	return a.Problem.Code
}

// ann is a user with a session, and an admin to act on her.
type ann struct {
	admin   string
	user    person
	session tokens
}

func (s *server) newAnn(role string) ann {
	s.t.Helper()
	admin := s.login().Access
	user := s.createUser(admin, "ann@example.com", role)
	return ann{admin, user, s.tokensOf(s.tryLogin(user.Email, strangerPassword))}
}

// endings are the ways to end a session, over HTTPS.
func endings() map[string]func(s *server, a ann) answer {
	user := func(a ann) string { return "/api/admin/users/" + a.user.ID }
	return map[string]func(s *server, a ann) answer{
		"logout with the access token": func(s *server, a ann) answer {
			return s.as(a.session.Access, http.MethodPost, "/api/auth/logout", map[string]string{})
		},
		"logout with the refresh token": func(s *server, a ann) answer {
			return s.post("/api/auth/logout", map[string]string{"refresh_token": a.session.Refresh})
		},
		"by its user, from another one": func(s *server, a ann) answer {
			other := s.tokensOf(s.tryLogin(a.user.Email, strangerPassword)).Access
			return s.as(other, http.MethodDelete, "/api/auth/sessions/"+claimsOf(s.t, a.session.Access)["sid"].(string), nil)
		},
		"with all others of its user": func(s *server, a ann) answer {
			other := s.tokensOf(s.tryLogin(a.user.Email, strangerPassword)).Access
			return s.as(other, http.MethodDelete, "/api/auth/sessions", nil)
		},
		"with all of its user, by an admin": func(s *server, a ann) answer {
			return s.as(a.admin, http.MethodDelete, user(a)+"/sessions", nil)
		},
		"by a new password": func(s *server, a ann) answer {
			other := s.tokensOf(s.tryLogin(a.user.Email, strangerPassword)).Access
			suite.secrets.used(newPassword)
			return s.as(other, http.MethodPost, "/api/user/password", map[string]string{
				"current_password": strangerPassword, "new_password": newPassword,
			})
		},
		"by disabling its user": func(s *server, a ann) answer {
			return s.as(a.admin, http.MethodPatch, user(a), map[string]any{"disabled": true})
		},
		"by deleting its user": func(s *server, a ann) answer {
			return s.as(a.admin, http.MethodDelete, user(a), nil)
		},
		"by reuse of a refresh token": func(s *server, a ann) answer {
			s.refresh(a.session.Refresh)
			s.realm.Clock.Advance(time.Minute)
			s.tryRefresh(a.session.Refresh).Expect(s.t, http.StatusUnauthorized, "refresh_token_invalid")
			return answer{Status: http.StatusOK}
		},
	}
}

// Whichever way a session ends: its token is refused at once where it ended, and
// for as long as it could have lived, whatever the settings said meanwhile, by a
// pod that has just started, without Redis.
func TestTokensOfEndedSessionsAreRefusedForGood(t *testing.T) {
	t.Parallel()
	for name, end := range endings() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			redis := testenv.StartRedis(t)
			r := newRealmOn(t, suite.postgres.Database(t), redis.URL())
			r.Config.Tokens.AccessTokenLifetime = realmconfig.Duration(24 * time.Hour)
			r.Update()
			s := r.serve()
			a := s.newAnn("user")
			live := s.login().Access
			if got := s.verifies(a.session.Access, ""); got != "200" {
				t.Fatalf("before the end: %s", got)
			}

			revision := s.Report().ConfigRevision
			r.Config.Tokens.AccessTokenLifetime = realmconfig.Duration(time.Minute)
			r.Update()
			s.eventually("tokens live a minute", func() bool { return s.Report().ConfigRevision != revision })
			if ended := end(s, a); ended.Status >= 300 {
				t.Fatalf("ending answered %d %s", ended.Status, ended.Body)
			}
			refused := func(when string, s *server) {
				t.Helper()
				if got := s.verifies(a.session.Access, ""); got != "token_invalid" {
					t.Errorf("%s: %s", when, got)
				}
				if got := s.verifies(live, ""); got != "200" {
					t.Errorf("%s, of one that lives: %s", when, got)
				}
			}
			refused("at once", s)
			r.Clock.Advance(time.Hour)
			redis.Flush(t)
			refused("without what Redis knew", s)
			redis.Stop(t)
			refused("without Redis", s)
			refused("by a pod that has just started", r.serve())
			r.Clock.Advance(22 * time.Hour)
			refused("at the end of its life", r.serve())
		})
	}
}

// Another pod hears of it from Redis at once and, without Redis, within moments.
func TestOtherPodsLearnOfEndedSessions(t *testing.T) {
	t.Parallel()
	redis := testenv.StartRedis(t)
	r := newRealmOn(t, suite.postgres.Database(t), redis.URL())
	one, other := r.serve(), r.serve()
	logout := func() string {
		t.Helper()
		access := one.login().Access
		if got := other.verifies(access, ""); got != "200" {
			t.Fatalf("before: %s", got)
		}
		one.as(access, http.MethodPost, "/api/auth/logout", map[string]string{})
		return access
	}
	access := logout()
	other.eventually("Redis tells", func() bool { return other.verifies(access, "") == "token_invalid" })
	redis.Stop(t)
	access = logout()
	began := time.Now()
	other.eventually("PostgreSQL tells", func() bool { return other.verifies(access, "") == "token_invalid" })
	if took := time.Since(began); took > time.Minute {
		t.Errorf("it took %s", took)
	}
}

func TestGatewaysLearnOfAnotherRole(t *testing.T) {
	t.Parallel()
	redis := testenv.StartRedis(t)
	r := newRealmOn(t, suite.postgres.Database(t), redis.URL())
	one, other := r.serve(), r.serve()
	a := one.newAnn("admin")
	change := func(change map[string]any) {
		t.Helper()
		if got := one.as(a.admin, http.MethodPatch, "/api/admin/users/"+a.user.ID, change); got.Status != http.StatusOK {
			t.Fatalf("answered %d %s", got.Status, got.Body)
		}
	}
	expect := func(when string, s *server, access, query, want string) {
		t.Helper()
		if got := s.verifies(access, query); got != want {
			t.Errorf("%s, %s is answered %s, want %s", when, query, got, want)
		}
	}
	for _, s := range []*server{one, other} {
		expect("at first", s, a.session.Access, "?role=admin", "200")
	}
	change(map[string]any{"role": "user"})
	expect("demoted", one, a.session.Access, "?role=admin", "token_expired")
	expect("demoted", one, a.session.Access, "?role=user", "token_expired")
	expect("demoted", one, a.session.Access, "", "token_expired")
	other.eventually("the other pod knows", func() bool { return other.verifies(a.session.Access, "?role=admin") == "token_expired" })

	// The API looks the role up, and needs no new token.
	one.as(a.session.Access, http.MethodGet, "/api/admin/users", nil).Expect(t, http.StatusForbidden, "permission_denied")
	if got := one.profile(a.session.Access); got.Status != http.StatusOK || !strings.Contains(got.Body, `"role":"user"`) {
		t.Errorf("the profile is %d %s", got.Status, got.Body)
	}

	renewed := one.refresh(a.session.Refresh)
	for name, s := range map[string]*server{"one pod": one, "the other": other} {
		expect("refreshed, "+name, s, renewed.Access, "?role=admin", "permission_denied")
		expect("refreshed, "+name, s, renewed.Access, "?role=user", "200")
	}
	redis.Stop(t)
	third := r.serve()
	expect("restarted without Redis", third, a.session.Access, "?role=admin", "token_expired")
	expect("restarted without Redis", third, renewed.Access, "?role=user", "200")

	change(map[string]any{"role": "admin"})
	expect("promoted", one, renewed.Access, "", "token_expired")
	expect("promoted, with a token from before", one, a.session.Access, "?role=admin", "200")
	third.eventually("the third pod knows", func() bool { return third.verifies(renewed.Access, "") == "token_expired" })
	change(map[string]any{"name": "Ann"})
	expect("renamed", one, a.session.Access, "?role=admin", "200")
}

// The answer to a refresh that Redis remembers is of the role that was.
func TestARetriedRefreshGivesTheRoleInForce(t *testing.T) {
	t.Parallel()
	r := newRealm(t)
	r.Clock.Stop() // within the grace period, however long it takes
	s := r.serve()
	a := s.newAnn("admin")
	s.refresh(a.session.Refresh)
	s.as(a.admin, http.MethodPatch, "/api/admin/users/"+a.user.ID, map[string]any{"role": "user"})
	if role := claimsOf(t, s.refresh(a.session.Refresh).Access)["role"]; role != "user" {
		t.Errorf("the role is %v", role)
	}
}

func TestVerificationGoesOnWithoutPostgres(t *testing.T) {
	t.Parallel()
	postgres := realmtest.NewPostgres(t, logger())
	r := newRealmOn(t, postgres.Database(t), "redis://127.0.0.1:1/0")
	one, other := r.serve(), r.serve()
	ended, live := one.login().Access, one.login().Access
	one.as(ended, http.MethodPost, "/api/auth/logout", map[string]string{})
	other.eventually("both know", func() bool { return other.verifies(ended, "") == "token_invalid" })
	if err := postgres.Halt(); err != nil {
		t.Fatal(err)
	}
	r.Clock.Advance(r.AccessTokenLifetime() - time.Minute)
	for range 3 {
		for _, s := range []*server{one, other} {
			began := time.Now()
			if got := s.verifies(ended, ""); got != "token_invalid" {
				t.Errorf("of an ended one: %s", got)
			}
			if got := s.verifies(live, ""); got != "200" {
				t.Errorf("of one that lives: %s", got)
			}
			if took := time.Since(began); took > r.Options.DatabaseTimeout/2 {
				t.Errorf("two answers took %s, as if they waited for the database", took)
			}
		}
	}
	if err := postgres.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	next := ""
	one.eventually("sessions end again", func() bool {
		a := one.tryLogin(adminEmail, adminPassword)
		if a.Status != http.StatusOK {
			return false
		}
		next = one.tokensOf(a).Access
		return one.as(next, http.MethodPost, "/api/auth/logout", map[string]string{}).Status == http.StatusNoContent
	})
	other.eventually("and both know", func() bool { return other.verifies(next, "") == "token_invalid" })
}
