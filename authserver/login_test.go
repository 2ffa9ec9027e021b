// SPDX-License-Identifier: Apache-2.0

package authserver_test

import (
	"encoding/json"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/realmkeeper/realmkeeper/authserver/realmconfig"
)

func TestLoginYieldsASession(t *testing.T) {
	t.Parallel()
	s := newRealm(t).serve()
	a := s.tryLogin("  Admin@Example.COM ", adminPassword)
	got := s.tokensOf(a)
	if got.Type != "Bearer" || got.ExpiresIn != 3600 || got.RefreshExpiresIn != 7*24*3600 {
		t.Errorf("tokens are described as %+v", got)
	}
	if a.header.Get("Cache-Control") != "no-store" {
		t.Error("tokens may be cached")
	}
	profile := s.profile(got.Access)
	user := struct {
		ID, Email, Role string
		LastLoginAt     *time.Time `json:"last_login_at"`
	}{}
	if err := json.Unmarshal([]byte(profile.body), &user); err != nil || profile.status != http.StatusOK {
		t.Fatalf("profile: %d %s", profile.status, profile.body)
	}
	if user.Email != adminEmail || user.Role != "admin" || user.LastLoginAt == nil {
		t.Errorf("profile is %+v", user)
	}
	if got := s.metric(`realmkeeper_logins_total{outcome="succeeded"}`); got != "1" {
		t.Errorf("counted %q logins, want 1", got)
	}
	s.post("/nothing/here", "{}")
	for sample, want := range map[string]string{
		`realmkeeper_http_requests_total{route="POST /api/auth/login",status="200"}`: "1",
		`realmkeeper_http_requests_total{route="none",status="404"}`:                 "1",
		"realmkeeper_password_queue":                                                 "0",
	} {
		if got := s.metric(sample); got != want {
			t.Errorf("%s is %q, want %s", sample, got, want)
		}
	}
}

func TestLoginWithALongPasswordIsSimplyWrong(t *testing.T) {
	t.Parallel()
	s := newRealm(t).serve()
	s.tryLogin(adminEmail, strings.Repeat("p", 100)).expect(t, http.StatusUnauthorized, "invalid_credentials")
}

func TestLoginConcealsUnknownUsers(t *testing.T) {
	t.Parallel()
	r := newRealm(t)
	r.config.Login.UnknownUser = realmconfig.Conceal
	r.config.Login.Lockout.Failures = 2
	r.write()
	s := r.serve()
	known, unknown := s.tryLogin(adminEmail, wrongPassword), s.tryLogin("nobody@example.com", wrongPassword)
	known.expect(t, http.StatusUnauthorized, "invalid_credentials")
	same := func(a answer) string { return strings.ReplaceAll(a.body, a.problem.RequestID, "") }
	if same(known) != same(unknown) || known.status != unknown.status {
		t.Errorf("answers differ:\n%s\n%s", known.body, unknown.body)
	}
	s.tryLogin("nobody@example.com", wrongPassword).expect(t, http.StatusUnauthorized, "invalid_credentials")
	s.tryLogin("nobody@example.com", wrongPassword).expect(t, http.StatusTooManyRequests, "account_locked")
}

func TestLoginUpgradesAnOldHash(t *testing.T) {
	t.Parallel()
	r := newRealm(t)
	r.config.Passwords.BcryptCost = 11
	r.write()
	s := r.serve()
	s.login()
	hash := query[string](r, "SELECT password_hash FROM users")
	if !strings.HasPrefix(hash, "$2b$11$") {
		t.Errorf("the hash is still at %s", hash[:7])
	}
	s.login()
}

// The hash of the account costs less than the realm's, and whoever is first
// replaces the one that the others have checked.
func TestLoginsAtOnceThatUpgradeAHashAllSucceed(t *testing.T) {
	t.Parallel()
	s := newRealm(t).serve()
	answers := make([]answer, 4)
	var callers sync.WaitGroup
	for i := range answers {
		callers.Go(func() { answers[i] = s.tryLogin(adminEmail, adminPassword) })
	}
	callers.Wait()
	for _, a := range answers {
		if a.status != http.StatusOK {
			t.Errorf("a right password was answered with %d %s", a.status, a.body)
		}
	}
}

func TestLogoutEndsTheSession(t *testing.T) {
	t.Parallel()
	s := newRealm(t).serve()
	logout := func(access, refresh string) answer {
		r := newRequest(t, http.MethodPost, "/api/auth/logout", map[string]string{"refresh_token": refresh})
		if access != "" {
			r.Header.Set("Authorization", "Bearer "+access)
		}
		return s.do(r)
	}
	cases := map[string]func(tokens) (access, refresh string){
		"with the access token":                func(k tokens) (string, string) { return k.Access, "" },
		"with the refresh token":               func(k tokens) (string, string) { return "", k.Refresh },
		"with both":                            func(k tokens) (string, string) { return k.Access, k.Refresh },
		"with a bad access token, but refresh": func(k tokens) (string, string) { return "nonsense", k.Refresh },
	}
	for name, with := range cases {
		t.Run(name, func(t *testing.T) {
			session := s.login()
			for range 2 { // the second time there is nothing left to end
				if a := logout(with(session)); a.status != http.StatusNoContent || a.body != "" {
					t.Fatalf("logout answered %d %s", a.status, a.body)
				}
			}
			s.profile(session.Access).expect(t, http.StatusUnauthorized, "token_invalid")
			s.tryRefresh(session.Refresh).expect(t, http.StatusUnauthorized, "refresh_token_invalid")
		})
	}
	t.Run("within the grace period of a rotation", func(t *testing.T) {
		session := s.login()
		s.refresh(session.Refresh)
		logout("", session.Refresh)
		s.tryRefresh(session.Refresh).expect(t, http.StatusUnauthorized, "refresh_token_invalid")
	})
	logout("", "").expect(t, http.StatusUnauthorized, "token_missing")
	logout("nonsense", "").expect(t, http.StatusUnauthorized, "token_invalid")
}
