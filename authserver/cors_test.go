// SPDX-License-Identifier: Apache-2.0

package authserver_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
)

func TestCORS(t *testing.T) {
	t.Parallel()
	const ours, theirs = "https://app.example.com", "https://app.example.com.evil.example"
	r := newRealm(t)
	r.Config.Browser.AllowedOrigins = []string{ours}
	r.Update()
	s := r.serve()
	ask := func(method, path, origin string, headers ...string) answer {
		request := newRequest(t, method, path, nil)
		request.Header.Set("Origin", origin)
		for i := 0; i < len(headers); i += 2 {
			request.Header.Set(headers[i], headers[i+1])
		}
		return s.do(request)
	}
	preflight := []string{"Access-Control-Request-Method", "PATCH", "Access-Control-Request-Headers", "authorization,content-type"}

	a := ask(http.MethodOptions, "/api/user/profile", ours, preflight...)
	if a.Status != http.StatusNoContent || a.Header.Get("Access-Control-Allow-Origin") != ours ||
		a.Header.Get("Access-Control-Allow-Methods") != "GET, PATCH" ||
		a.Header.Get("Access-Control-Allow-Headers") != "Authorization, Content-Type, DPoP, X-Device-Token" {
		t.Errorf("preflight answered %d %v", a.Status, a.Header)
	}
	a = ask(http.MethodGet, "/api/user/profile", ours)
	a.Expect(t, http.StatusUnauthorized, "token_missing") // a problem can be read as well
	if a.Header.Get("Access-Control-Allow-Origin") != ours || a.Header.Get("Vary") != "Origin" ||
		a.Header.Get("Access-Control-Expose-Headers") != "DPoP-Nonce, Retry-After, WWW-Authenticate, X-Request-Id" {
		t.Errorf("headers are %v", a.Header)
	}
	for name, a := range map[string]answer{
		"another origin":                 ask(http.MethodGet, "/api/user/profile", theirs),
		"another origin's preflight":     ask(http.MethodOptions, "/api/user/profile", theirs, preflight...),
		"the origin in capitals":         ask(http.MethodGet, "/api/user/profile", "HTTPS://APP.EXAMPLE.COM"),
		"the origin over plain HTTP":     ask(http.MethodGet, "/api/user/profile", "http://app.example.com"),
		"a page without an origin":       ask(http.MethodGet, "/api/user/profile", "null"),
		"a preflight outside of the API": ask(http.MethodOptions, "/nothing", ours, preflight...),
	} {
		if got := a.Header.Get("Access-Control-Allow-Origin"); got != "" || a.Status < 400 {
			t.Errorf("%s: answered %d, allowing %q", name, a.Status, got)
		}
	}
	if a := ask(http.MethodOptions, "/api/nothing", ours, preflight...); a.Status != http.StatusNotFound {
		t.Errorf("a preflight of nothing answered %d", a.Status)
	}
	for _, a := range []answer{ask(http.MethodGet, "/api/user/profile", ours), ask(http.MethodOptions, "/api/user/profile", ours, preflight...)} {
		if a.Header.Get("Access-Control-Allow-Credentials") != "" {
			t.Error("cookies are allowed across origins")
		}
	}
	if a := ask(http.MethodGet, "/.well-known/jwks.json", theirs); a.Header.Get("Access-Control-Allow-Origin") != "*" {
		t.Errorf("keys allow %q", a.Header.Get("Access-Control-Allow-Origin"))
	}
}

func TestEveryAnswerIsProtected(t *testing.T) {
	t.Parallel()
	s := newRealm(t).serve()
	for name, a := range map[string]answer{
		"tokens":     s.tryLogin(adminEmail, adminPassword),
		"a problem":  s.tryLogin(adminEmail, wrongPassword),
		"keys":       s.do(newRequest(t, http.MethodGet, "/.well-known/jwks.json", nil)),
		"no address": s.do(newRequest(t, http.MethodGet, "/nothing", nil)),
	} {
		for header, want := range map[string]string{
			"Strict-Transport-Security":    "max-age=31536000",
			"X-Content-Type-Options":       "nosniff",
			"X-Frame-Options":              "DENY",
			"Content-Security-Policy":      "default-src 'none'; frame-ancestors 'none'",
			"Referrer-Policy":              "no-referrer",
			"Cross-Origin-Resource-Policy": "same-origin",
		} {
			if got := a.Header.Get(header); got != want {
				t.Errorf("%s: %s is %q, want %q", name, header, got, want)
			}
		}
	}
}

// A setting may be written otherwise than a browser writes the same origin.
func TestOriginsInAnotherForm(t *testing.T) {
	t.Parallel()
	r := newRealm(t)
	r.Config.Browser.AllowedOrigins = []string{"https://App.Example.com:443"}
	r.Config.Browser.ReturnURLs = []string{"https://APP.example.com:443/inbox/"}
	r.Update()
	s := r.serve()
	request := newRequest(t, http.MethodGet, "/api/user/profile", nil)
	request.Header.Set("Origin", "https://app.example.com")
	if got := s.do(request).Header.Get("Access-Control-Allow-Origin"); got != "https://app.example.com" {
		t.Errorf("a page of the origin is allowed as %q", got)
	}
	b := s.newPageBrowser()
	b.open("/signin?return_to=https://app.example.com:443/inbox/new")
	b.sees("/signin", http.StatusOK)
	b.open("/signin?return_to=" + url.QueryEscape(appURL+"inbox/new"))
	if csp := b.header.Get("Content-Security-Policy"); !strings.Contains(csp, "form-action 'self' https://app.example.com;") {
		t.Errorf("the policy is %s", csp)
	}
	b.submit("/signin", map[string]string{"email": adminEmail, "password": adminPassword})
	if b.away == nil || b.away.Host != "app.example.com" || b.away.Path != "/inbox/new" {
		t.Fatalf("sent to %s", b.away)
	}
	suite.secrets.used(b.away.Query().Get("code"))
}
