// SPDX-License-Identifier: Apache-2.0

package authserver_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"golang.org/x/net/html"

	"github.com/realmkeeper/realmkeeper/authserver/realmconfig"
	"github.com/realmkeeper/realmkeeper/internal/testenv/realmtest"
)

// apple is a provider as Apple is: it answers by a form that a page of its own sends,
// and says there, and nowhere else, what a newcomer is called.
func (u *upstream) apple(name string) realmconfig.Provider {
	u.script(func() {
		delete(u.claims, "name")
		u.metadata = func(d map[string]any) {
			d["token_endpoint_auth_methods_supported"] = []string{"client_secret_post"}
			delete(d, "userinfo_endpoint")
		}
		u.claims["email_verified"] = "true"
		u.answer = func(q url.Values) {
			q.Set("user", `{"name":{"firstName":"Bob","lastName":"Lee"},"email":"mallory@example.com"}`)
		}
	})
	p := u.provider(name, realmconfig.OIDC)
	p.ResponseMode = realmconfig.FormPost
	return p
}

// formAt goes to a provider, and returns where its page posts which form.
func (b *browser) formAt(address string) (action string, fields url.Values) {
	b.t.Helper()
	to, page := b.follow(address)
	action, err := realmtest.FormAction(to, page.Body)
	if err != nil {
		b.t.Fatal(err)
	}
	document, err := html.Parse(strings.NewReader(page.Body))
	if err != nil {
		b.t.Fatal(err)
	}
	fields = url.Values{}
	for n := range document.Descendants() {
		if n.Data == "input" {
			fields.Set(attribute(n, "name"), attribute(n, "value"))
		}
	}
	return action, fields
}

// postFrom sends a form as a page of another site does: a browser adds no Lax cookie.
func (s *server) postFrom(origin, action string, fields url.Values) answer {
	s.t.Helper()
	r, err := http.NewRequestWithContext(s.t.Context(), http.MethodPost, action, strings.NewReader(fields.Encode()))
	if err != nil {
		s.t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.Header.Set("Origin", origin)
	r.Header.Set("Sec-Fetch-Site", "cross-site")
	return s.newBrowser().do(r)
}

// sentOn is where a form is sent on to.
func (s *server) sentOn(a answer) string {
	s.t.Helper()
	to := a.Header.Get("Location")
	if a.Status != http.StatusSeeOther || !strings.HasPrefix(to, callbackURL) || a.Header.Get("Set-Cookie") != "" || a.Header.Get("Cache-Control") != "no-store" {
		s.t.Fatalf("the form is answered %d %v %s", a.Status, a.Header, a.Body)
	}
	return to
}

func TestSignInByAForm(t *testing.T) {
	t.Parallel()
	for name, own := range map[string]bool{"at the shared callback": false, "at its own": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			u := newUpstream(t)
			p := u.apple("apple")
			p.OwnCallback = own
			_, s := serveWith(t, p)
			for _, answer := range []func(url.Values){nil, func(q url.Values) { q.Del("user") }} { // the name comes once
				b := s.newBrowser()
				action, fields := b.formAt(issuer + "/api/auth/oauth/apple")
				if u.lastAsked().Get("response_mode") != "form_post" {
					t.Errorf("the provider was asked %v", u.lastAsked())
				}
				if answer != nil {
					answer(fields)
				}
				to := s.sentOn(s.postFrom(u.server.URL, action, fields))
				for _, secret := range []string{fields.Get("code"), "Bob", "Lee"} {
					if strings.Contains(to, secret) {
						t.Errorf("%q stands in the address %s", secret, to)
					}
				}
				if got := s.profileOf(s.tokensOf(b.get(to)).Access); got.Email != "bob@example.com" || got.Name != "Bob Lee" {
					t.Errorf("the user is %+v", got)
				}
			}
		})
	}
}

func TestPagesSignInByAForm(t *testing.T) {
	t.Parallel()
	u := newUpstream(t)
	_, s := serveWith(t, u.apple("apple"))
	b := s.newBrowser()
	address := issuer + "/signin/with/apple"
	for range 2 { // the page, and the beginning
		response, err := b.client.Get(address)
		if err != nil {
			t.Fatal(err)
		}
		_ = response.Body.Close()
		address = b.location(address, answer{Status: response.StatusCode, Header: response.Header})
	}
	action, fields := b.formAt(address)
	page := b.tabOf()
	page.open(s.sentOn(s.postFrom(u.server.URL, action, fields)))
	page.sees("/account", http.StatusOK, "bob@example.com")
	if !strings.Contains(page.body, `value="Bob Lee"`) {
		t.Error("the account has not the name of the form")
	}
}

// A form that anybody may post is worth what the same answer in an address is: it
// signs in the browser that began, once, soon, and at the callback that was posted to.
func TestHeldAnswersAreBound(t *testing.T) {
	t.Parallel()
	u, other := newUpstream(t), newUpstream(t)
	r, s := serveWith(t, u.apple("apple"), other.apple("other"))
	begin := func() (b *browser, to string) {
		t.Helper()
		b = s.newBrowser()
		action, fields := b.formAt(issuer + "/api/auth/oauth/apple")
		return b, s.sentOn(s.postFrom(u.server.URL, action, fields))
	}
	refused := func(what string, b *browser, to string) {
		t.Helper()
		if a := b.get(to); a.Status != http.StatusBadRequest || a.Problem.Code != "state_invalid" {
			t.Errorf("%s is answered %d %s", what, a.Status, a.Body)
		}
	}
	edited := func(to string, change func(url.Values)) string {
		t.Helper()
		u, err := url.Parse(to)
		if err != nil {
			t.Fatal(err)
		}
		query := u.Query()
		change(query)
		u.RawQuery = query.Encode()
		return u.String()
	}
	b, to := begin()
	refused("another browser's", s.newBrowser(), to)
	stranger, others := begin()
	refused("another browser's, with a cookie of its own", stranger, to)
	refused("what was posted for another state", b, edited(to, func(q url.Values) { q.Set("held", queryOf(t, others, "held")) }))
	b, to = begin()
	refused("another callback's", b, strings.Replace(to, "/callback/apple?", "/callback/other?", 1))
	refused("nonsense", b, edited(to, func(q url.Values) { q.Set("held", "nonsense") }))
	refused("a seal that is broken", b, edited(to, func(q url.Values) { q.Set("held", q.Get("held")[:40]) }))
	b, to = begin()
	s.tokensOf(b.get(to))
	refused("what was used up", b, to)
	b, to = begin()
	r.Clock.Advance(time.Minute)
	refused("what is a minute old", b, to)
	if n := query[int](r, "SELECT count(*) FROM tickets WHERE kind <> 'oauth_state'"); n != 0 {
		t.Errorf("%d rows were stored", n)
	}
}

func TestAHeldAnswerWorksOnce(t *testing.T) {
	t.Parallel()
	u := newUpstream(t)
	_, s := serveWith(t, u.apple("apple"))
	for round := range 5 {
		b := s.newBrowser()
		action, fields := b.formAt(issuer + "/api/auth/oauth/apple")
		posted := together(20, func() answer { return s.postFrom(u.server.URL, action, fields) }, http.StatusSeeOther)
		if len(posted) != 20 {
			t.Fatalf("round %d: %d of 20 forms are sent on", round, len(posted))
		}
		asked := u.count("/token")
		winners := together(50, func() answer { return b.get(posted[0].Header.Get("Location")) }, http.StatusOK)
		if len(winners) != 1 || u.count("/token")-asked != 1 {
			t.Fatalf("round %d: %d went through, and %d codes were sent", round, len(winners), u.count("/token")-asked)
		}
		s.tokensOf(winners[0])
	}
}

func TestFormsThatAreRefused(t *testing.T) {
	t.Parallel()
	u, plain := newUpstream(t), newUpstream(t)
	r := newRealm(t)
	r.withProviders(upstreamSecret, u.apple("apple"), plain.provider("plain", realmconfig.OIDC))
	r.Config.Network.RequestsPerMinute = 40
	r.Update()
	s := r.serve()
	good := func() url.Values { return url.Values{"state": {"rks_x"}, "code": {"x"}} }
	for name, c := range map[string]struct {
		callback string
		change   func(url.Values)
		status   int
		code     string
	}{
		"for a provider that sends none":   {"/plain", nil, 405, "method_not_allowed"},
		"where none shares the callback":   {"", nil, 405, "method_not_allowed"},
		"for a provider that there is not": {"/nobody", nil, 405, "method_not_allowed"},
		"without a state":                  {"/apple", func(q url.Values) { q.Del("state") }, 400, "invalid_request"},
		"with two states":                  {"/apple", func(q url.Values) { q.Add("state", "rks_y") }, 400, "invalid_request"},
		"with a code that is too long":     {"/apple", func(q url.Values) { q.Set("code", strings.Repeat("x", 4097)) }, 400, "invalid_request"},
		"with a user that is too long":     {"/apple", func(q url.Values) { q.Set("user", strings.Repeat("x", 2049)) }, 400, "invalid_request"},
		"with a NUL":                       {"/apple", func(q url.Values) { q.Set("error", "\x00") }, 400, "invalid_request"},
		"that is endless":                  {"/apple", func(q url.Values) { q.Set("x", strings.Repeat("x", 1<<17)) }, 413, "body_too_large"},
	} {
		fields := good()
		if c.change != nil {
			c.change(fields)
		}
		a := s.postFrom(u.server.URL, callbackURL+c.callback, fields)
		if a.Status != c.status || a.Problem.Code != c.code || c.status == 405 && a.Header.Get("Allow") != "GET" {
			t.Errorf("a form %s is answered %d %v %s", name, a.Status, a.Header, a.Body)
		}
	}
	s.post("/api/auth/oauth/callback/apple", good()).Expect(t, http.StatusUnsupportedMediaType, "unsupported_media_type")
	s.sentOn(s.postFrom("null", callbackURL+"/apple", url.Values{"state": {"rks_x"}, "user": {"nonsense"}}))
	for range 40 {
		s.postFrom(u.server.URL, callbackURL+"/apple", good())
	}
	s.postFrom(u.server.URL, callbackURL+"/apple", good()).Expect(t, http.StatusTooManyRequests, "rate_limited")
}

// Both ways of a refusal come to the same.
func TestARefusalByAForm(t *testing.T) {
	t.Parallel()
	u := newUpstream(t)
	_, s := serveWith(t, u.apple("apple"))
	b := s.newBrowser()
	action, fields := b.formAt(issuer + "/api/auth/oauth/apple")
	fields.Del("code")
	fields.Set("error", "user_cancelled_authorize")
	a := b.get(s.sentOn(s.postFrom(u.server.URL, action, fields)))
	a.Expect(t, http.StatusUnauthorized, "provider_refused")
	if a.Problem.Reason != "declined" {
		t.Errorf("answered %s", a.Body)
	}
	b = s.newBrowser()
	state := queryOf(t, b.location(issuer+"/api/auth/oauth/apple", b.get(issuer+"/api/auth/oauth/apple")), "state")
	b.get(callbackURL+"?error=access_denied&state="+state).Expect(t, http.StatusUnauthorized, "provider_refused")
}
