// SPDX-License-Identifier: Apache-2.0

package authserver_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"golang.org/x/oauth2"

	"github.com/realmkeeper/realmkeeper/authserver/realmconfig"
	"github.com/realmkeeper/realmkeeper/internal/testenv/race"
)

// newRealmOfOwnApplications has an application of its own at appURL, and others as clients.
func newRealmOfOwnApplications(t *testing.T, clients ...realmconfig.Client) *realm {
	t.Helper()
	r := newRealmOfClients(t, clients...)
	r.Config.Browser.ReturnURLs = []string{appURL}
	r.Update()
	return r
}

// newOwnApplication is one of the realm's own, which is a client without being told.
func (s *server) newOwnApplication(scopes ...string) *relyingParty {
	s.t.Helper()
	c, found := s.realm.Config.FirstParty()
	if !found {
		s.t.Fatal("the realm has no application of its own")
	}
	return s.newApplication(c, scopes...)
}

func TestAnApplicationOfTheRealmCallsItsAPI(t *testing.T) {
	t.Parallel()
	r := newRealmOfOwnApplications(t)
	r.Clock.Stop()
	s := r.serve()
	b, f := s.newPageBrowser(), s.newOwnApplication("openid", "email").newFlow()
	signedIn := r.Clock.Now()
	h := f.signIn(b)
	if h.claims["aud"] != realmconfig.FirstPartyID || h.claims["email"] != adminEmail {
		t.Errorf("the ID token says %v", h.claims)
	}
	sid := claimsOf(t, s.pagesOf(b).Access)["sid"]
	r.Clock.Advance(2 * time.Hour)
	next := f.refresh(h.RefreshToken)
	for what, access := range map[string]string{"exchanged": f.signIn(b).AccessToken, "refreshed": next.AccessToken} {
		claims := claimsOf(t, access)
		if off := time.Unix(int64(claims["auth_time"].(float64)), 0).Sub(signedIn).Abs(); off >= time.Second || claims["sid"] != sid || claims["client_id"] != nil {
			t.Errorf("%s: the access token says %v", what, claims)
		}
		s.profile(access).Expect(t, http.StatusOK, "")
		refused(t, s.userInfo(access), http.StatusUnauthorized, "invalid_token")
	}
	// What is protected wants recent proof, as with any token of that session.
	s.as(next.AccessToken, http.MethodPost, "/api/auth/2fa/enable", map[string]string{}).Expect(t, http.StatusForbidden, "proof_required")
	proven := s.tokensOf(s.as(next.AccessToken, http.MethodPost, "/api/auth/proof", map[string]string{"password": adminPassword}))
	if claimsOf(t, proven.Access)["grant_id"] != claimsOf(t, next.AccessToken)["grant_id"] {
		t.Error("a proof is of no grant")
	}
}

// Signing out of one application of the realm is signing out at the realm, and of all that
// hangs on it.
func TestAnApplicationOfTheRealmSignsOutAtTheRealm(t *testing.T) {
	t.Parallel()
	c := newWebClient()
	for name, signOut := range map[string]func(s *server, b *pageBrowser, a *relyingParty, h held){
		"by revocation": func(_ *server, _ *pageBrowser, a *relyingParty, h held) {
			for range 2 {
				if got := a.ask(revokePath, url.Values{"token": {h.RefreshToken}}); got.Status != http.StatusOK {
					t.Errorf("answered %d %s", got.Status, got.Body)
				}
			}
		},
		"by the API": func(s *server, _ *pageBrowser, _ *relyingParty, h held) {
			s.as(h.AccessToken, http.MethodPost, "/api/auth/logout", map[string]string{}).Expect(t, http.StatusNoContent, "")
		},
		"by way of the realm": func(_ *server, b *pageBrowser, _ *relyingParty, h held) {
			b.open("/oauth2/end-session?" + url.Values{
				"id_token_hint": {h.Extra("id_token").(string)}, "post_logout_redirect_uri": {appURL}, "state": {"s"},
			}.Encode())
			if b.away == nil || b.away.String() != appURL+"?state=s" {
				t.Errorf("the browser is at %s, sent to %v", b.at, b.away)
			}
			b.away = nil
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newRealmOfOwnApplications(t, c).serve()
			b, shop := s.newPageBrowser(), s.newApplication(c, "openid").newFlow()
			own, other := s.newOwnApplication("openid").newFlow(), s.newOwnApplication("openid").newFlow()
			first, second, third := own.signIn(b), other.signIn(b), shop.signIn(b)
			signOut(s, b, own.a, first)
			for _, f := range []*flow{own, other} {
				refused(t, f.a.tryRefresh(first.RefreshToken), http.StatusBadRequest, "invalid_grant")
				refused(t, f.a.tryRefresh(second.RefreshToken), http.StatusBadRequest, "invalid_grant")
			}
			refused(t, shop.a.tryRefresh(third.RefreshToken), http.StatusBadRequest, "invalid_grant")
			s.profile(first.AccessToken).Expect(t, http.StatusUnauthorized, "token_invalid")
			s.profile(second.AccessToken).Expect(t, http.StatusUnauthorized, "token_invalid")
			b.open(own.address())
			b.sees("/signin", http.StatusOK) // and is asked again
		})
	}
}

// Whoever was asked about the realm's own applications can take their answer back as any
// other.
func TestWhatTheRealmsOwnApplicationsMayIsTakenBack(t *testing.T) {
	t.Parallel()
	s := newRealmOfOwnApplications(t).serve()
	b, f := s.newPageBrowser(), s.newOwnApplication("openid", "email").newFlow()
	b.signIn(adminEmail, adminPassword)
	b.open(f.address(param("prompt", "consent")))
	b.isAsked()
	b.answers("allow")
	h := f.exchange(f.code(b))
	b.open("/account")
	b.submit("/account/applications/revoke", map[string]string{"client": realmconfig.FirstPartyID})
	b.sees("/account", http.StatusOK, "What you had let the application do is taken back.")
	refused(t, f.a.tryRefresh(h.RefreshToken), http.StatusBadRequest, "invalid_grant")
	s.profile(h.AccessToken).Expect(t, http.StatusUnauthorized, "token_invalid")
}

// What one client holds is of no use to another, whichever of them is the realm's own.
func TestNothingOfAClientOpensTheRealmsOwnApplications(t *testing.T) {
	t.Parallel()
	c := newWebClient(publicClient)
	s := newRealmOfOwnApplications(t, c).serve()
	b, theirs, own := s.newPageBrowser(), s.newApplication(c, "openid"), s.newOwnApplication("openid")
	for name, pair := range map[string][2]*relyingParty{"a client's at the realm's own": {theirs, own}, "the realm's own at a client": {own, theirs}} {
		from, to := pair[0].newFlow(), pair[1].newFlow()
		h := from.signIn(b)
		t.Log(name)
		refused(t, to.a.tryRefresh(h.RefreshToken), http.StatusBadRequest, "invalid_grant")
		refused(t, to.a.ask(revokePath, url.Values{"token": {h.RefreshToken}}), http.StatusBadRequest, "unauthorized_client")
		s.tryRefresh(h.RefreshToken).Expect(t, http.StatusUnauthorized, "refresh_token_invalid")
		s.post("/api/auth/logout", map[string]string{"refresh_token": h.RefreshToken})
		from.refresh(h.RefreshToken) // which has ended nothing

		thief := from.a.newFlow()
		b.open(thief.address())
		code := thief.code(b)
		for _, address := range []string{thief.a.config.RedirectURL, to.a.config.RedirectURL} {
			values := thief.redemption(code)
			values.Set("redirect_uri", address)
			refused(t, to.a.token(values), http.StatusBadRequest, "invalid_grant")
		}
		refused(t, thief.a.token(thief.redemption(code)), http.StatusBadRequest, "invalid_grant") // which they have burned
		s.post("/api/auth/oauth/token", map[string]string{"code": code, "code_verifier": thief.verifier}).Expect(t, http.StatusBadRequest, "oauth_code_invalid")
	}
	// Nor does a code of the older hand-over pass for one of the code flow.
	f := own.newFlow()
	b.away = nil
	b.open("/signin?" + url.Values{"return_to": {appURL}, "code_challenge": {oauth2.S256ChallengeFromVerifier(f.verifier)}}.Encode())
	older := b.away.Query().Get("code")
	b.away = nil
	suite.secrets.used(older)
	refused(t, own.token(f.redemption(older)), http.StatusBadRequest, "invalid_grant")
	// A token of a client is none of the realm's own, whose end of session it cannot cause.
	h := theirs.newFlow().signIn(b)
	s.profile(h.AccessToken).Expect(t, http.StatusUnauthorized, "token_invalid")
	s.as(h.AccessToken, http.MethodPost, "/api/auth/logout", map[string]string{}).Expect(t, http.StatusUnauthorized, "token_invalid")
	b.open("/account")
	b.sees("/account", http.StatusOK)
}

func TestAnAnswerGoesToAListedPageOfTheRealmsApplicationsAlone(t *testing.T) {
	t.Parallel()
	r := newRealmOfOwnApplications(t)
	r.Config.Browser.ReturnURLs = []string{appURL, "http://localhost:5173/dev/", "http://plain.example/"}
	r.Update()
	s := r.serve()
	a, b := s.newOwnApplication("openid"), s.newPageBrowser()
	a.newFlow().signIn(b)
	for name, c := range map[string]struct {
		uri   string
		older bool
	}{
		"a page below":                 {appURL + "inbox", true},
		"with a query":                 {appURL + "?x=1", true},
		"another host":                 {"https://evil.example/", false},
		"a host that begins like it":   {strings.TrimSuffix(appURL, "/") + ".evil.example/", false},
		"user info":                    {strings.Replace(appURL, "https://", "https://app@evil.example/", 1), false},
		"another port of a loopback":   {"http://localhost:5174/dev/", false},
		"a path that climbs":           {appURL + "../x", false},
		"no encryption":                {"http://plain.example/", true},
		"a scheme of an app's own":     {"com.example.app:/callback", false},
		"the realm's own return page":  {issuer + "/signin/return", false},
		"a fragment":                   {appURL + "#x", false},
		"letters in another case":      {strings.ToUpper(appURL), true},
		"a page that a browser mends":  {appURL + `\\evil.example`, false},
		"an address that is encoded":   {url.QueryEscape(appURL), false},
		"nothing":                      {"", false},
		"a script":                     {"javascript:alert(1)", false},
		"relative to the realm":        {"/account", false},
		"relative to the scheme":       {"//evil.example/", false},
		"two addresses in one":         {appURL + " https://evil.example/", false},
		"a page of the realm's own":    {issuer + "/account", false},
		"what only looks like a match": {appURL + "%2e%2e/", false},
	} {
		f := a.newFlow()
		b.away = nil
		client := *b.client
		client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
		request := newRequest(t, http.MethodGet, strings.TrimPrefix(f.address(param("redirect_uri", c.uri)), issuer), nil)
		request.Header.Set("Accept", "text/html")
		response, err := client.Do(request)
		if err != nil {
			t.Fatal(err)
		}
		_ = response.Body.Close()
		to := response.Header.Get("Location")
		switch older := strings.HasPrefix(to, issuer+"/signin?code_challenge="); {
		case c.older && !older, !c.older && (to != "" || response.StatusCode != http.StatusBadRequest), strings.Contains(to, "code="):
			t.Errorf("%s: answered %d, sent to %q", name, response.StatusCode, to)
		}
	}
	if n := query[int](r, "SELECT count(*)::int FROM authorization_codes"); n != 1 {
		t.Errorf("%d codes were made", n)
	}
	// Without a challenge there is neither flow.
	f := a.newFlow()
	b.open(f.address(param("redirect_uri", appURL+"inbox"), param("code_challenge", "")))
	b.sees("/oauth2/authorize", http.StatusBadRequest)
	b.open(f.address(param("code_challenge", "")))
	if got := f.answered(b); got.Get("error") != "invalid_request" || got.Get("code") != "" {
		t.Errorf("without a challenge the answer is %v", got)
	}
}

func TestOneOfManyExchangesACodeOfTheRealmsApplications(t *testing.T) {
	t.Parallel()
	s := newRealmOfOwnApplications(t).serve()
	f, b := s.newOwnApplication("openid").newFlow(), s.newPageBrowser()
	b.open(f.address())
	b.submit("/signin", map[string]string{"email": adminEmail, "password": adminPassword})
	code := f.code(b)
	winners := race.Winners(50, func(int) answer { return f.a.token(f.redemption(code)) }, func(a answer) bool { return a.Status == http.StatusOK })
	if len(winners) != 1 {
		t.Fatalf("%d have exchanged one code", len(winners))
	}
	// Those who came later have shown that the code is in several hands.
	got := decode[map[string]any](t, winners[0], http.StatusOK)
	access, refresh := got["access_token"].(string), got["refresh_token"].(string)
	suite.secrets.used(access, refresh)
	s.profile(access).Expect(t, http.StatusUnauthorized, "token_invalid")
	if got := s.verifies(access, ""); got == "200" {
		t.Error("a gateway takes the access token")
	}
	refused(t, f.a.tryRefresh(refresh), http.StatusBadRequest, "invalid_grant")
	b.open("/account")
	b.sees("/account", http.StatusOK) // the browser's session has nothing to do with it
}

func TestPagesOfTheRealmsApplicationsMayAskFromABrowser(t *testing.T) {
	t.Parallel()
	r := newRealmOfOwnApplications(t, newWebClient())
	r.Config.Browser.AllowedOrigins = []string{"https://api-user.example.com"}
	r.Update()
	s := r.serve()
	for origin, want := range map[string]bool{
		strings.TrimSuffix(appURL, "/"): true, "https://api-user.example.com": false, "https://evil.example": false, "null": false,
		strings.TrimSuffix(appURL, "/") + ".evil.example": false,
	} {
		preflight := newRequest(t, http.MethodOptions, tokenPath, nil)
		preflight.Header.Set("Access-Control-Request-Method", "POST")
		post := newFormRequest(t, tokenPath, url.Values{"client_id": {realmconfig.FirstPartyID}, "grant_type": {"refresh_token"}, "refresh_token": {"x"}}.Encode())
		for what, request := range map[string]*http.Request{"preflight": preflight, "request": post} {
			request.Header.Set("Origin", origin)
			a := s.do(request)
			if got := a.Header.Get("Access-Control-Allow-Origin"); (got == origin) != want || !want && got != "" || a.Header.Get("Access-Control-Allow-Credentials") != "" {
				t.Errorf("the %s of %s is answered %d %v", what, origin, a.Status, a.Header)
			}
		}
	}
}

func TestARealmWithoutPagesOfOthersHasNoApplication(t *testing.T) {
	t.Parallel()
	s := newRealm(t).serve()
	b := s.newPageBrowser()
	b.open("/oauth2/authorize?" + url.Values{"client_id": {realmconfig.FirstPartyID}, "response_type": {"code"}, "redirect_uri": {issuer + "/signin/return"}}.Encode())
	b.sees("/oauth2/authorize", http.StatusBadRequest)
	refused(t, s.do(newFormRequest(t, tokenPath, url.Values{
		"client_id": {realmconfig.FirstPartyID}, "grant_type": {"authorization_code"}, "code": {"x"}, "redirect_uri": {"x"},
	}.Encode())), http.StatusUnauthorized, "invalid_client")
}

// An application may have a button for a provider of its own.
func TestAnApplicationSendsPeopleToAProvider(t *testing.T) {
	t.Parallel()
	u := newUpstream(t)
	r := newRealmOfClients(t)
	r.withProviders(upstreamSecret, u.provider("elsewhere", realmconfig.OIDC))
	s := r.serve()
	b, a := s.newPageBrowser(), s.newOwnApplication("openid", "email")
	for _, known := range []time.Duration{0, 0, time.Hour} { // as somebody who is signed out, signed in, and known since before
		signedInAt := r.Clock.Now().Add(-known)
		u.script(func() {
			if known != 0 {
				u.claims["auth_time"] = signedInAt.Unix()
			}
		})
		f := a.newFlow()
		b.open(f.address(param("provider", "elsewhere"), param("prompt", "select_account")))
		h := f.exchange(f.code(b))
		if h.claims["email"] != "bob@example.com" || known != 0 && h.claims["auth_time"] != float64(signedInAt.Unix()) {
			t.Errorf("known for %s: the application knows %v", known, h.claims)
		}
	}
	if n := u.count("/authorize"); n != 3 {
		t.Errorf("the provider was asked %d times", n)
	}
	f := a.newFlow() // a page that is not listed, to which the older hand-over goes
	b.open(f.address(param("provider", "elsewhere"), param("redirect_uri", appURL+"inbox?tab=2")))
	if b.away == nil || b.away.Path != "/inbox" || b.away.Query().Get("tab") != "2" {
		t.Fatalf("the browser is at %s, sent to %v", b.at, b.away)
	}
	code := b.away.Query().Get("code")
	b.away = nil
	suite.secrets.used(code)
	s.tokensOf(s.post("/api/auth/oauth/token", map[string]string{"code": code, "code_verifier": f.verifier}))

	for _, unknown := range []string{"nowhere", "../account", "//evil.example", strings.Repeat("e", 1000)} {
		b, f := s.newPageBrowser(), a.newFlow()
		b.open(f.address(param("provider", unknown)))
		b.sees("/signin", http.StatusOK)
	}
	// Whom the provider refuses, or who would rather not, signs in another way.
	u.script(func() { u.claims["email_verified"] = false; u.claims["sub"] = "another" })
	b, f = s.newPageBrowser(), a.newFlow()
	b.open(f.address(param("provider", "elsewhere")))
	b.sees("/signin/return", http.StatusBadRequest)
	b.submit("/signin", map[string]string{"email": adminEmail, "password": adminPassword})
	f.exchange(f.code(b))
}
