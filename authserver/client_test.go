// SPDX-License-Identifier: Apache-2.0

package authserver_test

import (
	"encoding/json"
	"io"
	"net/http"
	"testing"

	"github.com/realmkeeper/realmkeeper/internal/testenv/realmtest"
)

type (
	answer = realmtest.Answer
	tokens = realmtest.Tokens
)

func newRequest(t testing.TB, method, path string, body any) *http.Request {
	t.Helper()
	r, err := realmtest.NewRequest(t.Context(), method, issuer+path, body)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func (s *server) do(r *http.Request) answer {
	s.t.Helper()
	return s.doBy(s.HTTP, r)
}

// doBy sends a request over the connections of a client.
func (s *server) doBy(client *http.Client, r *http.Request) answer {
	s.t.Helper()
	response, err := client.Do(r)
	if err != nil {
		s.t.Fatal(err)
	}
	a, err := realmtest.ReadAnswer(response)
	if err != nil {
		s.t.Fatal(err)
	}
	s.asDescribed(response, a)
	return a
}

func (s *server) post(path string, body any) answer {
	s.t.Helper()
	return s.do(newRequest(s.t, http.MethodPost, path, body))
}

func (s *server) tryLogin(email, password string) answer {
	s.t.Helper()
	return s.post("/api/auth/login", map[string]string{"email": email, "password": password})
}

func (s *server) login() tokens {
	s.t.Helper()
	return s.tokensOf(s.tryLogin(adminEmail, adminPassword))
}

func (s *server) tryRefresh(token string) answer {
	s.t.Helper()
	return s.post("/api/auth/refresh", map[string]string{"refresh_token": token})
}

func (s *server) refresh(token string) tokens {
	s.t.Helper()
	return s.tokensOf(s.tryRefresh(token))
}

func (s *server) profile(access string) answer {
	s.t.Helper()
	r := newRequest(s.t, http.MethodGet, "/api/user/profile", nil)
	r.Header.Set("Authorization", "Bearer "+access)
	return s.do(r)
}

func (s *server) tokensOf(a answer) tokens {
	s.t.Helper()
	if a.Status != http.StatusOK {
		s.t.Fatalf("no tokens, but %d %s", a.Status, a.Body)
	}
	got := tokens{}
	if err := json.Unmarshal([]byte(a.Body), &got); err != nil {
		s.t.Fatal(err)
	}
	suite.secrets.used(got.Access, got.Refresh, got.Device)
	return got
}

func readAll(t testing.TB, r io.Reader) string {
	t.Helper()
	b, err := io.ReadAll(r)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}
