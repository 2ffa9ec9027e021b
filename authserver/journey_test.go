// SPDX-License-Identifier: Apache-2.0

package authserver_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"golang.org/x/net/html"

	"github.com/realmkeeper/realmkeeper/authserver/internal/auth"
	"github.com/realmkeeper/realmkeeper/authserver/realmconfig"
)

// click follows a link.
func (b *pageBrowser) click(text string) {
	b.t.Helper()
	to, err := b.at.Parse(attribute(b.link(text), "href"))
	if err != nil {
		b.t.Fatal(err)
	}
	b.open(to.String())
}

// Whatever way somebody takes to sign in, they come back to what the application asked for.
func TestEveryWayToSignInLeadsBackToTheApplication(t *testing.T) {
	t.Parallel()
	c := newWebClient()
	password := map[string]string{"email": adminEmail, "password": adminPassword}
	for name, way := range map[string]func(r *realm, s *server, b *pageBrowser){
		"after a wrong password, in another language": func(_ *realm, _ *server, b *pageBrowser) {
			b.submit("/signin", map[string]string{"email": adminEmail, "password": wrongPassword})
			b.submit("/signin", password)
		},
		"in another language": func(_ *realm, _ *server, b *pageBrowser) {
			b.submit("/language", map[string]string{"language": "de"})
			b.sees("/signin", http.StatusOK, "Anmelden")
			b.submit("/signin", password)
		},
		"with a second factor": func(_ *realm, s *server, b *pageBrowser) {
			app := s.enrol(s.login().Access)
			b.submit("/signin", password)
			b.submit("/signin/code", map[string]string{"code": "000000"})
			b.submit("/signin/code", map[string]string{"code": s.shown(app.Secret)})
		},
		"through a provider": func(_ *realm, _ *server, b *pageBrowser) { b.click("Continue with elsewhere") },
		"as a newcomer": func(r *realm, _ *server, b *pageBrowser) {
			b.click("Create an account")
			b.submit("/register", map[string]string{"email": annEmail, "password": "short"})
			b.submit("/register", map[string]string{"email": annEmail, "password": annPassword})
			b.sees("/register", http.StatusOK, "Check your e-mail")
			b.openMailed(r.lastLetter(annEmail, auth.VerifyEmailMessage))
			b.submit("", map[string]string{"password": annPassword})
			b.click(b.onlyButton())
			b.submit("/signin", map[string]string{"email": annEmail, "password": annPassword})
		},
		"with a new password": func(r *realm, _ *server, b *pageBrowser) {
			b.click("Forgot password?")
			b.submit("/forgot", map[string]string{"email": adminEmail})
			b.openMailed(r.lastLetter(adminEmail, auth.ResetPasswordMessage))
			b.submit("", map[string]string{"password": newPassword})
			b.click(b.onlyButton())
			b.submit("/signin", map[string]string{"email": adminEmail, "password": newPassword})
		},
		"back from the mail page": func(_ *realm, _ *server, b *pageBrowser) {
			b.click("Forgot password?")
			b.submit("/forgot", map[string]string{"email": "nobody@example.com"})
			b.click(b.onlyButton())
			b.submit("/signin", password)
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := newMailingRealm(t)
			u := newUpstream(t)
			r.withProviders(upstreamSecret, u.provider("elsewhere", realmconfig.OIDC))
			r.Config.Browser.VerifyEmailURL, r.Config.Browser.ResetPasswordURL = issuer+"/verify-email/{token}", issuer+"/reset/{token}"
			r.Config.Registration.Mode = realmconfig.Open
			r.Clients = []realmconfig.Client{c}
			suite.secrets.used(shopSecret)
			r.Update()
			s := r.serve()
			b, f := s.newPageBrowser(), s.newApplication(c, "openid", "email").newFlow()
			b.open(f.address())
			b.sees("/signin", http.StatusOK)
			if csp := b.header.Get("Content-Security-Policy"); !strings.Contains(csp, "form-action 'self' "+strings.TrimSuffix(appURL, "/")) {
				t.Errorf("the form may not end at the application: %q", csp)
			}
			way(r, s, b)
			h := f.exchange(f.code(b))
			if h.claims["email"] == "" || h.claims["email"] == nil {
				t.Errorf("the application knows %v", h.claims)
			}
		})
	}
}

func (b *pageBrowser) openMailed(l letter) {
	b.t.Helper()
	link := l.Links[0]
	suite.secrets.used(link[strings.LastIndex(link, "/")+1:])
	b.open(link)
}

// onlyButton is what the link says that looks like a button.
func (b *pageBrowser) onlyButton() string {
	b.t.Helper()
	for n := range b.page.Descendants() {
		if n.Type == html.ElementNode && n.Data == "a" && strings.HasPrefix(attribute(n, "class"), "button") {
			return strings.TrimSpace(n.FirstChild.Data)
		}
	}
	b.t.Fatalf("%s has no button", b.at)
	return ""
}

func TestPeopleAreAskedAsTheApplicationWants(t *testing.T) {
	t.Parallel()
	c := newWebClient()
	r := newRealmOfClients(t, c)
	s := r.serve()
	a, b := s.newApplication(c, "openid"), s.newPageBrowser()
	f := a.newFlow()
	b.open(f.address(param("prompt", "none")))
	f.refusedWith(b, "login_required")
	first := f.signIn(b, param("login_hint", adminEmail))
	f = a.newFlow()
	b.open(f.address(param("prompt", "none")))
	f.exchange(f.code(b))

	r.Clock.Advance(time.Minute)
	f = a.newFlow()
	b.open(f.address(param("max_age", "10000"), param("id_token_hint", first.Extra("id_token").(string))))
	f.exchange(f.code(b))
	for name, also := range map[string]string{"max_age": "1", "prompt": "login"} {
		f = a.newFlow()
		b.open(f.address(param(name, also)))
		b.sees("/signin", http.StatusOK)
		b.submit("/signin", map[string]string{"email": adminEmail, "password": adminPassword})
		again := f.exchange(f.code(b))
		if again.claims["auth_time"].(float64) <= first.claims["auth_time"].(float64) || again.claims["sub"] != first.claims["sub"] {
			t.Errorf("after %s=%s the ID token is %v", name, also, again.claims)
		}
		r.Clock.Advance(time.Minute)
	}
	f = a.newFlow()
	b.open(f.address(param("max_age", "1"), param("prompt", "none")))
	f.refusedWith(b, "login_required")
	b.open(f.address(param("claims", essential)))
	b.submit(stepUpPath, nil) // they would rather not
	f.refusedWith(b, "unmet_authentication_requirements")
	b.open(f.address(param("id_token_hint", "noise")))
	f.refusedWith(b, "invalid_request")
	somebodyElse := param("claims", `{"id_token":{"sub":{"value":"somebody else"}}}`)
	b.open(f.address(param("id_token_hint", first.Extra("id_token").(string)), somebodyElse))
	f.refusedWith(b, "invalid_request")
	b.open(f.address(somebodyElse))
	b.sees("/signin", http.StatusOK)
	b.submit("/signin", map[string]string{"email": adminEmail, "password": adminPassword})
	f.refusedWith(b, "login_required")
	b.open(f.address(param("ui_locales", "de fr"), param("prompt", "login"), param("login_hint", "Ann@example.com")))
	b.sees("/signin", http.StatusOK, "Anmelden")
	if hint := attribute(b.find("input", "name", "email"), "value"); hint != "ann@example.com" {
		t.Errorf("the hint is %q", hint)
	}
}

func TestAnAnswerInAForm(t *testing.T) {
	t.Parallel()
	c := newWebClient()
	s := newRealmOfClients(t, c).serve()
	b, f := s.newPageBrowser(), s.newApplication(c, "openid").newFlow()
	b.open(f.address(param("response_mode", "form_post")))
	b.submit("/signin", map[string]string{"email": adminEmail, "password": adminPassword})
	if b.away != nil || b.status != http.StatusOK || !strings.Contains(b.header.Get("Content-Security-Policy"), strings.TrimSuffix(appURL, "/")+";") {
		t.Fatalf("the browser is at %s with %d and %v", b.at, b.status, b.header)
	}
	form := b.form(c.RedirectURIs[0])
	fields := map[string]string{}
	for n := range form.Descendants() {
		if n.Data == "input" {
			fields[attribute(n, "name")] = attribute(n, "value")
		}
	}
	if attribute(form, "method") != "post" || fields["state"] != f.state || fields["iss"] != issuer {
		t.Errorf("the form has %v", fields)
	}
	f.exchange(fields["code"])
}

// Only whom the realm knows to be the application is sent an answer.
func TestNobodyElseIsSentAnAnswer(t *testing.T) {
	t.Parallel()
	c := newWebClient()
	s := newRealmOfClients(t, c).serve()
	b, f := s.newPageBrowser(), s.newApplication(c, "openid").newFlow()
	b.signIn(adminEmail, adminPassword)
	address, err := url.Parse(f.address())
	if err != nil {
		t.Fatal(err)
	}
	for name, change := range map[string]func(url.Values){
		"no client":                func(v url.Values) { v.Del("client_id") },
		"an unknown client":        func(v url.Values) { v.Set("client_id", "apps.nobody") },
		"two clients":              func(v url.Values) { v.Add("client_id", c.ID) },
		"no address":               func(v url.Values) { v.Del("redirect_uri") },
		"two addresses":            func(v url.Values) { v.Add("redirect_uri", "https://evil.example/") },
		"another address":          func(v url.Values) { v.Set("redirect_uri", "https://evil.example/") },
		"an address below":         func(v url.Values) { v.Set("redirect_uri", appURL+"callback/../evil") },
		"another query":            func(v url.Values) { v.Set("redirect_uri", appURL+"callback?x=1") },
		"another case":             func(v url.Values) { v.Set("redirect_uri", strings.ToUpper(appURL)+"callback") },
		"a user before the host":   func(v url.Values) { v.Set("redirect_uri", "https://app.example.com@evil.example/callback") },
		"a fragment":               func(v url.Values) { v.Set("redirect_uri", appURL+"callback#x") },
		"a million bytes of state": func(v url.Values) { v.Set("state", strings.Repeat("x", 10_000)) },
	} {
		query := address.Query()
		change(query)
		b.away = nil
		b.open("/oauth2/authorize?" + query.Encode())
		if b.away != nil || b.status != http.StatusBadRequest || !strings.Contains(b.header.Get("Content-Type"), "text/html") {
			t.Errorf("%s: the browser is at %s, away at %v, with %d", name, b.at, b.away, b.status)
		}
	}
	b.open("/oauth2/authorize?%zz")
	b.sees("/oauth2/authorize", http.StatusBadRequest)
	b.open("/oauth2/resume?journey=noise")
	b.sees("/oauth2/resume", http.StatusBadRequest)

	for name, c := range map[string]struct{ name, value, code string }{
		"another response_type": {"response_type", "token", "unsupported_response_type"},
		"a request object":      {"request", "e30.e30.", "request_not_supported"},
		"plain":                 {"code_challenge_method", "plain", "invalid_request"},
	} {
		query := address.Query()
		query.Set(c.name, c.value)
		b.open("/oauth2/authorize?" + query.Encode())
		if got := f.answered(b); got.Get("error") != c.code || got.Get("error_description") == "" {
			t.Errorf("%s: the answer is %v", name, got)
		}
	}
}

// The form of another site brings no cookies of ours: it is held, and asked for again by a
// GET that does.
func TestARequestInAFormOfAnotherSiteIsHeld(t *testing.T) {
	t.Parallel()
	c := newWebClient()
	s := newRealmOfClients(t, c).serve()
	b, f := s.newPageBrowser(), s.newApplication(c, "openid").newFlow()
	b.signIn(adminEmail, adminPassword)
	address, err := url.Parse(f.address())
	if err != nil {
		t.Fatal(err)
	}
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, issuer+"/oauth2/authorize", strings.NewReader(address.RawQuery))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.Header.Set("Sec-Fetch-Site", "cross-site")
	r.Header.Set("Origin", "https://shop.example")
	b.send(r)
	f.exchange(f.code(b))
}

func TestAnApplicationSignsPeopleOut(t *testing.T) {
	t.Parallel()
	const bye = appURL + "bye"
	c := newWebClient(func(c *realmconfig.Client) { c.PostLogoutRedirectURIs = []string{bye} })
	r := newRealmOfClients(t, c)
	s := r.serve()
	b, f := s.newPageBrowser(), s.newApplication(c, "openid").newFlow()
	h := f.signIn(b)
	hint := h.Extra("id_token").(string)
	leave := func(values url.Values) {
		t.Helper()
		b.away = nil
		b.open("/oauth2/end-session?" + values.Encode())
	}
	signedIn := func() bool {
		t.Helper()
		r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, issuer+"/account", nil)
		if err != nil {
			t.Fatal(err)
		}
		b.send(r)
		return b.at.Path == "/account"
	}
	for name, values := range map[string]url.Values{
		"a hint that is none":          {"id_token_hint": {"noise"}, "post_logout_redirect_uri": {bye}},
		"a hint that somebody changed": {"id_token_hint": {hint[:len(hint)-4] + "AAAA"}, "post_logout_redirect_uri": {bye}},
		"an access token":              {"id_token_hint": {h.AccessToken}, "post_logout_redirect_uri": {bye}},
		"no hint":                      {"post_logout_redirect_uri": {bye}},
		"another address":              {"id_token_hint": {hint}, "post_logout_redirect_uri": {bye + "/"}},
		"another query":                {"id_token_hint": {hint}, "post_logout_redirect_uri": {bye + "?x=1"}},
		"another client":               {"id_token_hint": {hint}, "client_id": {"apps.other"}, "post_logout_redirect_uri": {bye}},
		"two addresses":                {"id_token_hint": {hint}, "post_logout_redirect_uri": {bye, bye}},
	} {
		leave(values)
		if b.away != nil || b.status != http.StatusBadRequest || !signedIn() {
			t.Errorf("%s: the browser is at %s, away at %v, with %d", name, b.at, b.away, b.status)
		}
	}

	leave(nil) // anybody may have sent them
	b.sees("/oauth2/end-session", http.StatusOK, "Sign out?")
	if !signedIn() {
		t.Error("a link has signed somebody out")
	}
	leave(url.Values{"client_id": {c.ID}, "post_logout_redirect_uri": {bye}, "state": {"s"}})
	b.sees("/oauth2/end-session", http.StatusOK, "Shop asks to sign you out")
	b.submit("/signout", nil)
	if b.away == nil || b.away.String() != bye+"?state=s" {
		t.Errorf("sent to %v", b.away)
	}
	if signedIn() {
		t.Error("the browser is signed in")
	}
	refused(t, f.a.tryRefresh(h.RefreshToken), http.StatusBadRequest, "invalid_grant")

	f = f.a.newFlow()
	h = f.signIn(b)
	r.Clock.Advance(2 * time.Hour) // the hint has expired, and its session has not
	leave(url.Values{"id_token_hint": {h.Extra("id_token").(string)}, "post_logout_redirect_uri": {bye}, "state": {"s"}})
	if b.away == nil || b.away.String() != bye+"?state=s" {
		t.Errorf("sent to %v, at %s:\n%s", b.away, b.at, b.text())
	}
	if signedIn() {
		t.Error("the browser is signed in")
	}
	leave(url.Values{"id_token_hint": {hint}})
	b.sees("/signed-out", http.StatusOK)
}
