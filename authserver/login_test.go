// SPDX-License-Identifier: Apache-2.0

package authserver_test

import (
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/realmkeeper/realmkeeper/authserver/realmconfig"
	"github.com/realmkeeper/realmkeeper/internal/testenv/race"
)

func TestLoginYieldsASession(t *testing.T) {
	t.Parallel()
	s := newRealm(t).serve()
	a := s.tryLogin("  Admin@Example.COM ", adminPassword)
	got := s.tokensOf(a)
	if got.Type != "Bearer" || got.ExpiresIn != 3600 || got.RefreshExpiresIn != 7*24*3600 {
		t.Errorf("tokens are described as %+v", got)
	}
	if a.Header.Get("Cache-Control") != "no-store" {
		t.Error("tokens may be cached")
	}
	profile := s.profile(got.Access)
	user := struct {
		ID, Email, Role string
		LastLoginAt     *time.Time `json:"last_login_at"`
	}{}
	if err := json.Unmarshal([]byte(profile.Body), &user); err != nil || profile.Status != http.StatusOK {
		t.Fatalf("profile: %d %s", profile.Status, profile.Body)
	}
	if user.Email != adminEmail || user.Role != "admin" || user.LastLoginAt == nil {
		t.Errorf("profile is %+v", user)
	}
	if got := s.Metric(`realmkeeper_logins_total{outcome="succeeded"}`); got != "1" {
		t.Errorf("counted %q logins, want 1", got)
	}
	s.post("/nothing/here", "{}")
	for sample, want := range map[string]string{
		`realmkeeper_http_requests_total{route="POST /api/auth/login",status="200"}`: "1",
		`realmkeeper_http_requests_total{route="none",status="404"}`:                 "1",
		"realmkeeper_password_queue":                                                 "0",
	} {
		if got := s.Metric(sample); got != want {
			t.Errorf("%s is %q, want %s", sample, got, want)
		}
	}
}

func TestLoginWithALongPasswordIsSimplyWrong(t *testing.T) {
	t.Parallel()
	s := newRealm(t).serve()
	s.tryLogin(adminEmail, strings.Repeat("p", 100)).Expect(t, http.StatusUnauthorized, "invalid_credentials")
}

func TestLoginConcealsUnknownUsers(t *testing.T) {
	t.Parallel()
	r := newRealm(t)
	r.Config.Login.UnknownUser = realmconfig.Conceal
	r.Config.Login.Lockout.Failures = 2
	r.Update()
	s := r.serve()
	known, unknown := s.tryLogin(adminEmail, wrongPassword), s.tryLogin("nobody@example.com", wrongPassword)
	known.Expect(t, http.StatusUnauthorized, "invalid_credentials")
	same := func(a answer) string { return strings.ReplaceAll(a.Body, a.Problem.RequestID, "") }
	if same(known) != same(unknown) || known.Status != unknown.Status {
		t.Errorf("answers differ:\n%s\n%s", known.Body, unknown.Body)
	}
	s.tryLogin("nobody@example.com", wrongPassword).Expect(t, http.StatusUnauthorized, "invalid_credentials")
	s.tryLogin("nobody@example.com", wrongPassword).Expect(t, http.StatusTooManyRequests, "account_locked")
}

func TestLoginUpgradesAnOldHash(t *testing.T) {
	t.Parallel()
	r := newRealm(t)
	r.Config.Passwords.BcryptCost = 11
	r.Update()
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
	for _, a := range race.Answers(4, func(int) answer { return s.tryLogin(adminEmail, adminPassword) }) {
		if a.Status != http.StatusOK {
			t.Errorf("a right password was answered with %d %s", a.Status, a.Body)
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
				if a := logout(with(session)); a.Status != http.StatusNoContent || a.Body != "" {
					t.Fatalf("logout answered %d %s", a.Status, a.Body)
				}
			}
			s.profile(session.Access).Expect(t, http.StatusUnauthorized, "token_invalid")
			s.tryRefresh(session.Refresh).Expect(t, http.StatusUnauthorized, "refresh_token_invalid")
		})
	}
	t.Run("within the grace period of a rotation", func(t *testing.T) {
		session := s.login()
		s.refresh(session.Refresh)
		logout("", session.Refresh)
		s.tryRefresh(session.Refresh).Expect(t, http.StatusUnauthorized, "refresh_token_invalid")
	})
	for _, contentType := range []string{"application/json", ""} {
		t.Run("with an empty body of the type "+contentType+" that has no length", func(t *testing.T) {
			session := s.login()
			r := newRequest(t, http.MethodPost, "/api/auth/logout", nil)
			r.Body, r.ContentLength = io.NopCloser(strings.NewReader("")), -1
			r.TransferEncoding = []string{"chunked"}
			r.Header = http.Header{"Authorization": {"Bearer " + session.Access}}
			if contentType != "" {
				r.Header.Set("Content-Type", contentType)
			}
			if a := s.do(r); a.Status != http.StatusNoContent {
				t.Errorf("logout answered %d %s", a.Status, a.Body)
			}
			s.profile(session.Access).Expect(t, http.StatusUnauthorized, "token_invalid")
		})
	}
	logout("", "").Expect(t, http.StatusUnauthorized, "token_missing")
	logout("nonsense", "").Expect(t, http.StatusUnauthorized, "token_invalid")
}
