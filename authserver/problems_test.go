// SPDX-License-Identifier: Apache-2.0

package authserver_test

import (
	"net/http"
	"strings"
	"testing"
)

// The rows that need a state of their own stand in the other tests: locked and
// contended accounts, reused tokens, absent stores.
func TestProblems(t *testing.T) {
	t.Parallel()
	s := newRealm(t).serve()
	const login, refresh, profile = "/api/auth/login", "/api/auth/refresh", "/api/user/profile"
	valid := `{"email": "` + adminEmail + `", "password": "` + wrongPassword + `"}`
	cases := map[string]struct {
		method, path, body string
		header             http.Header
		status             int
		code               string
		fields             string // "field: detail" of each, joined by "; "
	}{
		"wrong password":       {body: valid, status: 401, code: "invalid_credentials"},
		"unknown user":         {body: `{"email": "nobody@example.com", "password": "x"}`, status: 404, code: "user_not_found"},
		"unknown path":         {path: "/api/auth/nothing", status: 404, code: "not_found"},
		"path above":           {method: "GET", path: "/nothing", status: 404, code: "not_found"},
		"wrong method":         {method: "GET", status: 405, code: "method_not_allowed"},
		"no content type":      {body: valid, header: http.Header{"Content-Type": nil}, status: 415, code: "unsupported_media_type"},
		"foreign content type": {body: valid, header: http.Header{"Content-Type": {"text/plain"}}, status: 415, code: "unsupported_media_type"},
		"content type with charset": {body: valid, header: http.Header{"Content-Type": {"application/json; charset=utf-8"}},
			status: 401, code: "invalid_credentials"},
		"body too large":        {body: `{"email": "` + strings.Repeat("a", 64<<10) + `"}`, status: 413, code: "body_too_large"},
		"no body":               {body: "", status: 400, code: "invalid_request", fields: ": must be a JSON object"},
		"not JSON":              {body: `{"email": `, status: 400, code: "invalid_request", fields: ": must be valid JSON"},
		"not an object":         {body: `["email"]`, status: 400, code: "invalid_request", fields: ": must be a JSON object"},
		"trailing data":         {body: valid + `{}`, status: 400, code: "invalid_request", fields: ": must be one JSON object and nothing else"},
		"not UTF-8":             {body: "{\"email\": \"\xff\"}", status: 400, code: "invalid_request", fields: ": must be UTF-8"},
		"nothing in it":         {body: `{}`, status: 400, code: "invalid_request", fields: "email: is required; password: is required"},
		"wrong types":           {body: `{"email": 1, "password": null}`, status: 400, code: "invalid_request", fields: "email: must be a string; password: must be a string"},
		"every kind of problem": {body: `{"email": "nobody", "colour": "blue", "password": ""}`, status: 400, code: "invalid_request", fields: "email: must be an e-mail address; colour: is not a field of this request; password: must not be empty"},
		"a name twice":          {body: `{"email": "a@example.com", "email": "b@example.com", "password": "x"}`, status: 400, code: "invalid_request", fields: "email: stands twice"},
		"names are exact":       {body: `{"Email": "a@example.com", "password": "x"}`, status: 400, code: "invalid_request", fields: "Email: is not a field of this request; email: is required"},
		"a value as a name":     {body: `{"hunter2!": "x", "email": "a@example.com", "password": "x"}`, status: 400, code: "invalid_request", fields: ": is not a field of this request"},
		"an endless address":    {body: `{"email": "` + strings.Repeat("a", 255) + `@example.com", "password": "x"}`, status: 400, code: "invalid_request", fields: "email: must be at most 254 bytes"},

		"a refresh token nobody made":   {path: refresh, body: `{"refresh_token": "rkr_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"}`, status: 401, code: "refresh_token_invalid"},
		"a refresh token that is noise": {path: refresh, body: `{"refresh_token": "noise"}`, status: 401, code: "refresh_token_invalid"},
		"no refresh token":              {path: refresh, body: `{}`, status: 400, code: "invalid_request", fields: "refresh_token: is required"},

		"no access token":         {method: "GET", path: profile, status: 401, code: "token_missing"},
		"an access token of junk": {method: "GET", path: profile, header: http.Header{"Authorization": {"Bearer junk"}}, status: 401, code: "token_invalid"},
		"another scheme":          {method: "GET", path: profile, header: http.Header{"Authorization": {"Basic eDp5"}}, status: 401, code: "token_invalid"},
		"two access tokens":       {method: "GET", path: profile, header: http.Header{"Authorization": {"Bearer a", "Bearer b"}}, status: 401, code: "token_invalid"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			if c.method == "" {
				c.method = http.MethodPost
			}
			if c.path == "" {
				c.path = login
			}
			r := newRequest(t, c.method, c.path, c.body)
			r.Header.Set("X-Request-Id", "chosen by the client")
			for header, values := range c.header {
				r.Header[header] = values
			}
			a := s.do(r)
			a.Expect(t, c.status, c.code)

			p := a.Problem
			if a.Header.Get("Content-Type") != "application/problem+json" || p.Status != c.status ||
				p.Type != "urn:realmkeeper:problem:"+c.code || p.Title == "" || p.Detail == "" {
				t.Errorf("problem is %s", a.Body)
			}
			if p.RequestID == "" || p.RequestID != a.Header.Get("X-Request-Id") || strings.Contains(p.RequestID, "client") {
				t.Errorf("request id is %q in the body and %q in the header", p.RequestID, a.Header.Get("X-Request-Id"))
			}
			if c.status == http.StatusUnauthorized && !strings.HasPrefix(a.Header.Get("WWW-Authenticate"), `Bearer realm="`+issuer+`"`) {
				t.Errorf("challenge is %q", a.Header.Get("WWW-Authenticate"))
			}
			if c.status == http.StatusMethodNotAllowed && a.Header.Get("Allow") != "POST" {
				t.Errorf("allowed is %q", a.Header.Get("Allow"))
			}
			fields := []string{}
			for _, e := range p.Errors {
				fields = append(fields, e.Field+": "+e.Detail)
			}
			if got := strings.Join(fields, "; "); got != c.fields {
				t.Errorf("fields are %q, want %q", got, c.fields)
			}
			for _, value := range []string{wrongPassword, "hunter2", "nobody@", "blue"} {
				if strings.Contains(a.Body, value) {
					t.Errorf("the answer quotes a submitted value: %s", a.Body)
				}
			}
			if a.Header.Get("Strict-Transport-Security") == "" || a.Header.Get("X-Content-Type-Options") != "nosniff" || a.Header.Get("Cache-Control") != "no-store" {
				t.Errorf("headers are %v", a.Header)
			}
		})
	}
}

func TestExpiredAccessToken(t *testing.T) {
	t.Parallel()
	r := newRealm(t)
	s := r.serve()
	session := s.login()
	r.Clock.Advance(r.AccessTokenLifetime())
	a := s.profile(session.Access)
	a.Expect(t, http.StatusUnauthorized, "token_expired")
	if !strings.Contains(a.Header.Get("WWW-Authenticate"), `error="invalid_token"`) {
		t.Errorf("challenge is %q", a.Header.Get("WWW-Authenticate"))
	}
	if a := s.profile(s.refresh(session.Refresh).Access); a.Status != http.StatusOK {
		t.Errorf("after a refresh, profile answered %d", a.Status)
	}
}
