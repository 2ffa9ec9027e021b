// SPDX-License-Identifier: Apache-2.0

package authserver_test

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"strconv"
	"strings"
	"testing"
)

// answer is a response, read to its end.
type answer struct {
	status  int
	header  http.Header
	body    string
	problem struct {
		Type, Title, Detail, Code, RequestID string
		Status                               int
		Errors                               []struct{ Field, Detail string }
	}
}

func (a answer) retryAfter() int {
	n, _ := strconv.Atoi(a.header.Get("Retry-After"))
	return n
}

type tokens struct {
	Access           string `json:"access_token"`
	Type             string `json:"token_type"`
	ExpiresIn        int    `json:"expires_in"`
	Refresh          string `json:"refresh_token"`
	RefreshExpiresIn int    `json:"refresh_expires_in"`
	Device           string `json:"device_token"`
}

func newRequest(t testing.TB, method, path string, body any) *http.Request {
	t.Helper()
	reader := io.Reader(nil)
	switch b := body.(type) {
	case nil:
	case string:
		reader = strings.NewReader(b)
	default:
		document, err := json.Marshal(b)
		if err != nil {
			t.Fatal(err)
		}
		reader = bytes.NewReader(document)
	}
	r, err := http.NewRequestWithContext(t.Context(), method, issuer+path, reader)
	if err != nil {
		t.Fatal(err)
	}
	if body != nil {
		r.Header.Set("Content-Type", "application/json")
	}
	return r
}

func (s *server) do(r *http.Request) answer {
	s.t.Helper()
	response, err := s.client.Do(r)
	if err != nil {
		s.t.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }()
	a := answer{status: response.StatusCode, header: response.Header, body: readAll(s.t, response.Body)}
	if response.Header.Get("Content-Type") == "application/problem+json" {
		if err := json.Unmarshal([]byte(a.body), &a.problem); err != nil {
			s.t.Fatalf("problem is not JSON: %v", err)
		}
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
	if a.status != http.StatusOK {
		s.t.Fatalf("no tokens, but %d %s", a.status, a.body)
	}
	got := tokens{}
	if err := json.Unmarshal([]byte(a.body), &got); err != nil {
		s.t.Fatal(err)
	}
	suite.secrets.used(got.Access, got.Refresh, got.Device)
	return got
}

func (a answer) expect(t testing.TB, status int, code string) {
	t.Helper()
	if a.status != status || a.problem.Code != code {
		t.Errorf("answered %d %s, want %d %s", a.status, a.body, status, code)
	}
}

func readAll(t testing.TB, r io.Reader) string {
	t.Helper()
	b, err := io.ReadAll(r)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}
