// SPDX-License-Identifier: Apache-2.0

package authserver_test

import (
	"net/http"
	"net/url"
	"testing"

	"github.com/realmkeeper/realmkeeper/internal/testenv"
)

// A source that shows wrong secrets is told to wait, and shuts no client out by it:
// neither behind its own address, nor anywhere else.
func TestWrongSecretsOfClientsAreCounted(t *testing.T) {
	t.Parallel()
	redis := testenv.StartRedis(t)
	r := newRealmOn(t, suite.postgres.Database(t), redis.URL())
	web, signing := newOAuthClient("web"), newOAuthClient("signing", byKey)
	r.Config.Network.RequestsPerMinute = 3
	r.register(web, signing)
	r.behindProxy()
	r.Clock.Stop()
	s := r.serve()
	wrong := web
	wrong.secret = "wrong"
	from := func(c oauthClient, source, path string) answer {
		t.Helper()
		request := c.request(t, path, url.Values{"grant_type": {"client_credentials"}, "token": {"x"}})
		request.Header.Set("X-Forwarded-For", source)
		return s.do(request)
	}
	for range 3 {
		s.refuses(from(wrong, office, tokenPath), http.StatusUnauthorized, "invalid_client")
	}
	for _, path := range []string{tokenPath, introspectPath, revokePath} { // all endpoints together
		a := from(wrong, office, path)
		s.refuses(a, http.StatusTooManyRequests, "temporarily_unavailable")
		if wait := a.RetryAfter(); wait < 1 || wait > 20 {
			t.Errorf("Retry-After is %d", wait)
		}
	}
	if got := s.Metric(`realmkeeper_rate_limited_total{route="POST /oauth2/token"}`); got != "1" {
		t.Errorf("%s refusals are counted", got)
	}
	if got := s.Metric(`realmkeeper_client_tokens_total{grant="",outcome="invalid_client"}`); got != "3" {
		t.Errorf("%s wrong secrets are counted", got)
	}
	s.refuses(from(wrong, elsewhere, tokenPath), http.StatusUnauthorized, "invalid_client")
	for _, c := range []oauthClient{web, signing} {
		if a := from(c, office, tokenPath); a.Status != http.StatusOK {
			t.Errorf("%s is shut out: %d %s", c.ID, a.Status, a.Body)
		}
	}
	s.loginFrom(office, "nobody@example.com", wrongPassword).Expect(t, http.StatusNotFound, "user_not_found")
}

// Each client has a limit of its own, from wherever it asks. Of a public one, which shows
// nothing, the source has it.
func TestAClientHasALimitOfItsOwn(t *testing.T) {
	t.Parallel()
	// Without a cache, whose answers may come late, so that the server alone counts.
	r := newRealmOn(t, suite.postgres.Database(t), "redis://127.0.0.1:1/0")
	web, other := newOAuthClient("web"), newOAuthClient("other")
	pages := newOAuthClient("pages", public("https://app.example.com"))
	r.Config.Network.RequestsPerMinute = 1
	r.register(web, other, pages)
	r.behindProxy()
	r.Clock.Stop()
	s := r.serve()
	own := url.Values{"grant_type": {"client_credentials"}, "token": {"x"}}
	given := 0
	for a := s.ask(web, tokenPath, own); a.Status == http.StatusOK; a = s.ask(web, tokenPath, own) {
		given++
	}
	if given != 100 {
		t.Errorf("a client was given %d tokens in a minute, want a hundred times what one source may do", given)
	}
	s.refuses(s.ask(web, tokenPath, own), http.StatusTooManyRequests, "temporarily_unavailable")
	s.tokenFor(other, nil)
	for range 110 { // asked by resources for everybody's every request
		s.introspect(web, "noise")
	}
	from := func(source string) answer {
		request := pages.request(t, revokePath, own)
		request.Header.Set("X-Forwarded-For", source)
		return s.do(request)
	}
	for range 10 {
		if a := from(office); a.Status != http.StatusOK {
			t.Fatalf("answered %d %s", a.Status, a.Body)
		}
	}
	s.refuses(from(office), http.StatusTooManyRequests, "temporarily_unavailable")
	if a := from(elsewhere); a.Status != http.StatusOK {
		t.Errorf("another source is answered %d %s", a.Status, a.Body)
	}
}

func TestPagesOfPublicClientsAlone(t *testing.T) {
	t.Parallel()
	const ours, theirs, confidential = "https://app.example.com", "https://other.example.com", "https://web.example.com"
	pages, other := newOAuthClient("pages", public(ours)), newOAuthClient("other", public(theirs))
	native := newOAuthClient("native", public("com.example.app:"))
	web := newOAuthClient("web", func(c *oauthClient) { c.RedirectURIs = []string{confidential + "/callback"} })
	r := newRealmWithClients(t, pages, other, native, web)
	r.Config.Browser.AllowedOrigins = []string{"https://api-user.example.com"}
	r.Update()
	s := r.serve()
	preflight := func(path, origin string) answer {
		r := newRequest(t, http.MethodOptions, path, nil)
		r.Header.Set("Origin", origin)
		r.Header.Set("Access-Control-Request-Method", "POST")
		r.Header.Set("Access-Control-Request-Headers", "content-type")
		return s.do(r)
	}
	allowed := func(a answer) string { return a.Header.Get("Access-Control-Allow-Origin") }
	for _, path := range []string{tokenPath, revokePath, introspectPath} {
		for origin, want := range map[string]bool{
			ours: true, theirs: true, confidential: false, "https://app.example.com.evil.example": false, "null": false, "": false,
			"https://api-user.example.com": false, "http://app.example.com": false,
		} {
			a := preflight(path, origin)
			if want && (a.Status != http.StatusNoContent || allowed(a) != origin || a.Header.Get("Access-Control-Allow-Methods") != "POST") ||
				!want && (a.Status < 400 || allowed(a) != "") {
				t.Errorf("%s: the preflight of %q is answered %d %v", path, origin, a.Status, a.Header)
			}
			if a.Header.Get("Access-Control-Allow-Credentials") != "" {
				t.Error("cookies are allowed across origins")
			}
		}
	}
	readable := func(c oauthClient, origin string) string {
		r := c.request(t, revokePath, url.Values{"token": {"x"}})
		r.Header.Set("Origin", origin)
		return allowed(s.do(r))
	}
	if got := readable(pages, ours); got != ours {
		t.Errorf("a page of the client may read as %q", got)
	}
	for what, got := range map[string]string{
		"another client's page": readable(pages, theirs), "a confidential client's page": readable(web, confidential),
		"a page of nobody": readable(pages, "null"), "a page of a native client": readable(native, "com.example.app:"),
	} {
		if got != "" {
			t.Errorf("%s may read as %q", what, got)
		}
	}
	r.register(other)
	s.eventually("the pages of a client that is no more are strangers", func() bool { return allowed(preflight(tokenPath, ours)) == "" })
}
