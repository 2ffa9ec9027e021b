// SPDX-License-Identifier: Apache-2.0

package authserver_test

import (
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"golang.org/x/oauth2"

	"github.com/realmkeeper/realmkeeper/authserver/realmconfig"
	"github.com/realmkeeper/realmkeeper/internal/testenv/race"
)

// Whoever asks several servers can tell which has answered, whatever the answer is and
// however it comes (RFC 9207): so nobody takes our code to another.
func TestEveryAnswerSaysWhoseItIs(t *testing.T) {
	t.Parallel()
	c := newWebClient()
	s := newRealmOfClients(t, c).serve()
	a, b := s.newApplication(c, "openid"), s.newPageBrowser()
	said := map[string]any{}
	if err := a.provider.Claims(&said); err != nil || said["authorization_response_iss_parameter_supported"] != true {
		t.Errorf("discovery says %v, %v", said["authorization_response_iss_parameter_supported"], err)
	}
	b.signIn(adminEmail, adminPassword)
	for name, also := range map[string][]oauth2.AuthCodeOption{
		"a code": {}, "an error": {param("scope", `"`)}, "a refusal": {param("response_type", "token")}, "what nobody knows": {param("prompt", "x")},
	} {
		f := a.newFlow()
		b.open(f.address(also...))
		f.answered(b) // which looks at iss
		b.open(f.address(append(also, param("response_mode", "form_post"))...))
		values := map[string]string{}
		for n := range b.form(c.RedirectURIs[0]).Descendants() {
			if n.Data == "input" {
				values[attribute(n, "name")] = attribute(n, "value")
			}
		}
		suite.secrets.used(values["code"])
		if values["iss"] != issuer || values["state"] != f.state || (values["code"] == "") == (name == "a code") {
			t.Errorf("%s is posted as %v", name, values)
		}
	}
}

// A code that somebody has stolen and brings into a sign-in of their own shows by its nonce
// whose it is, where the client has sent no challenge that would have made it worthless.
func TestAnInjectedCodeShowsWhoseItIs(t *testing.T) {
	t.Parallel()
	c := newWebClient()
	s := newRealmOfClients(t, c).serve()
	a, b := s.newApplication(c, "openid"), s.newPageBrowser()
	b.signIn(adminEmail, adminPassword)
	stolen, injected := a.newFlow(), a.newFlow()
	b.open(a.config.AuthCodeURL(stolen.state, param("nonce", stolen.nonce)))
	code := stolen.code(b)
	values := injected.redemption(code)
	values.Del("code_verifier")
	got := decode[map[string]any](t, a.token(values), http.StatusOK)
	suite.secrets.used(got["access_token"].(string), got["refresh_token"].(string), got["id_token"].(string))
	if nonce := claimsOf(t, got["id_token"].(string))["nonce"]; nonce != stolen.nonce {
		t.Errorf("the ID token has the nonce %v", nonce)
	}
	b.open(injected.address())
	refused(t, a.token(stolen.redemption(injected.code(b))), http.StatusBadRequest, "invalid_grant") // with a challenge, it is worthless
}

// What would make a challenge weaker is refused, of a public client anything but S256.
func TestPKCEIsNotMadeWeaker(t *testing.T) {
	t.Parallel()
	confidential, pages := newWebClient(), newClient("apps.pages", publicClient)
	s := newRealmOfClients(t, confidential, pages).serve()
	b := s.newPageBrowser()
	b.signIn(adminEmail, adminPassword)
	for _, c := range []realmconfig.Client{confidential, pages} {
		f := s.newApplication(c, "openid").newFlow()
		for name, change := range map[string]func(url.Values){
			"plain":            func(v url.Values) { v.Set("code_challenge_method", "plain"); v.Set("code_challenge", f.verifier) },
			"no method":        func(v url.Values) { v.Del("code_challenge_method") },
			"other letters":    func(v url.Values) { v.Set("code_challenge_method", "s256") },
			"no challenge":     func(v url.Values) { v.Del("code_challenge") },
			"an empty one":     func(v url.Values) { v.Set("code_challenge", "") },
			"a short one":      func(v url.Values) { v.Set("code_challenge", "AAAA") },
			"one with padding": func(v url.Values) { v.Set("code_challenge", v.Get("code_challenge")+"=") },
		} {
			address, err := url.Parse(f.address())
			if err != nil {
				t.Fatal(err)
			}
			query := address.Query()
			change(query)
			b.open("/oauth2/authorize?" + query.Encode())
			if got := f.answered(b); got.Get("error") != "invalid_request" {
				t.Errorf("%s: %s is answered %v", c.ID, name, got)
			}
		}
	}
	f := s.newApplication(pages, "openid").newFlow()
	for name, verifier := range map[string]string{"none": "", "the challenge": oauth2.S256ChallengeFromVerifier(f.verifier), "a short one": "AAAA"} {
		b.open(f.address())
		values := f.redemption(f.code(b))
		values.Set("code_verifier", verifier)
		if a := f.a.token(values); a.Status != http.StatusBadRequest || !strings.Contains(a.Body, `"invalid_grant"`) {
			t.Errorf("the verifier %s is answered %d %s", name, a.Status, a.Body)
		}
	}
}

// A user's token at one client is worth nothing where another is meant, nor is what only
// looks like it.
func TestAUsersTokenAtAClientIsThatClientsAlone(t *testing.T) {
	t.Parallel()
	c, other := newWebClient(), newClient("apps.other")
	s := newRealmOfClients(t, c, other).serve()
	suite.secrets.used(marker)
	stranger := s.newApplication(other)
	h := s.newApplication(c, "openid").newFlow().signIn(s.newPageBrowser())
	if a := s.forward(http.MethodGet, "/api/auth/verify?client="+c.ID, h.AccessToken); a.Status != http.StatusOK || a.Header.Get("X-Auth-User-Id") != h.claims["sub"] {
		t.Errorf("the client's own gateway is answered %d %v", a.Status, a.Header)
	}
	for _, token := range []string{h.AccessToken, h.RefreshToken, h.Extra("id_token").(string)} {
		suite.secrets.used(token)
		s.forward(http.MethodGet, "/api/auth/verify?client="+other.ID, token).Expect(t, http.StatusUnauthorized, "token_invalid")
		if told := decode[map[string]any](t, stranger.ask("/oauth2/introspect", url.Values{"token": {token}}), http.StatusOK); len(told) != 1 || told["active"] != false {
			t.Errorf("another client is told %v", told)
		}
		refused(t, stranger.tryRefresh(token), http.StatusBadRequest, "invalid_grant")
		if token == h.AccessToken {
			continue
		}
		s.as(token, http.MethodGet, "/api/user/profile", nil).Expect(t, http.StatusUnauthorized, "token_invalid")
		refused(t, s.userInfo(token), http.StatusUnauthorized, "invalid_token")
	}
	refused(t, stranger.ask("/oauth2/revoke", url.Values{"token": {h.AccessToken}}), http.StatusBadRequest, "unauthorized_client")
	for name, forged := range s.forger(h.AccessToken).forged() {
		if forged.unforgeable || name == "for another audience" || name == "with an object as session" {
			continue // it may have any, and needs no session
		}
		suite.secrets.used(forged.token)
		if a := s.userInfo(forged.token); a.Status != http.StatusUnauthorized || strings.Contains(a.Body, marker) {
			t.Errorf("UserInfo answers a token %s with %d %s", name, a.Status, a.Body)
		}
	}
	if a := s.userInfo(h.AccessToken); a.Status != http.StatusOK {
		t.Errorf("UserInfo answered %d %s", a.Status, a.Body)
	}
}

// However many use a refresh token at once, one successor comes of it, which all of them are
// given: they have lost each other's answers.
func TestManyRefreshesAtOnceMakeOneSuccessor(t *testing.T) {
	t.Parallel()
	c := newWebClient()
	r := newRealmOfClients(t, c)
	r.Clock.Stop() // within the grace period
	s := r.serve()
	f := s.newApplication(c, "openid").newFlow()
	h := f.signIn(s.newPageBrowser())
	successors := map[string]bool{}
	for _, a := range race.Answers(50, func(int) answer { return f.a.tryRefresh(h.RefreshToken) }) {
		got := struct {
			Access  string `json:"access_token"`
			Refresh string `json:"refresh_token"`
		}{}
		if err := json.Unmarshal([]byte(a.Body), &got); err != nil || a.Status != http.StatusOK {
			t.Errorf("answered %d %s", a.Status, a.Body)
			continue
		}
		suite.secrets.used(got.Access, got.Refresh)
		successors[got.Refresh] = true
	}
	if n := query[int](r, "SELECT count(*) FROM grant_tokens WHERE rotated_at IS NULL"); n != 1 || len(successors) != 1 {
		t.Errorf("%d successors were given out, %d are alive", len(successors), n)
	}
	for successor := range successors {
		f.refresh(successor)
	}
	r.Clock.Advance(2 * time.Minute)
	refused(t, f.a.tryRefresh(h.RefreshToken), http.StatusBadRequest, "invalid_grant")
}

// An assertion lets its client in once, at whichever endpoint and however many show it.
func TestAnAssertionIsShownOnce(t *testing.T) {
	t.Parallel()
	web := newOAuthClient("web", byKey)
	s := newRealmWithClients(t, web).serve()
	assertion := web.assertion(t, nil)
	shown := url.Values{"client_assertion_type": {jwtBearer}, "client_assertion": {assertion}, "grant_type": {"client_credentials"}, "token": {"x"}}
	paths := []string{tokenPath, introspectPath, revokePath}
	answers := race.Answers(50, func(i int) answer { return s.do(newFormRequest(t, paths[i%len(paths)], shown.Encode())) })
	good := 0
	for _, a := range answers {
		if a.Status == http.StatusOK {
			good++
			continue
		}
		s.refuses(a, http.StatusUnauthorized, "invalid_client")
	}
	if good != 1 {
		t.Errorf("%d of 50 were let in", good)
	}
}
