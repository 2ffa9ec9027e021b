// SPDX-License-Identifier: Apache-2.0

package authserver_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"golang.org/x/oauth2"
)

// authorize signs a browser in and asks for a code for the application. What the
// result redeems it with is good once.
func (s *server) authorize(b *pageBrowser, email, password string) (redeem func() answer) {
	s.t.Helper()
	verifier := oauth2.GenerateVerifier()
	b.open(askToReturn(verifier))
	if b.away == nil || b.away.Query().Get("code") == "" {
		b.submit("/signin", map[string]string{"email": email, "password": password})
	}
	code := b.away.Query().Get("code")
	if code == "" {
		s.t.Fatalf("sent to %s", b.away)
	}
	b.away = nil
	suite.secrets.used(code, verifier)
	return func() answer {
		s.t.Helper()
		return s.post("/api/auth/oauth/token", map[string]string{"code": code, "code_verifier": verifier})
	}
}

func askToReturn(verifier string) string {
	return "/signin?" + url.Values{
		"return_to": {appURL + "inbox"}, "code_challenge": {oauth2.S256ChallengeFromVerifier(verifier)},
	}.Encode()
}

func newRealmWithApp(t *testing.T) *realm {
	t.Helper()
	r := newRealm(t)
	r.Config.Browser.ReturnURLs = []string{appURL}
	r.Update()
	return r
}

// pagesOf is the session of a browser, as endings know one.
func (s *server) pagesOf(b *pageBrowser) tokens {
	s.t.Helper()
	at, err := url.Parse(issuer)
	if err != nil {
		s.t.Fatal(err)
	}
	got := tokens{}
	for _, c := range b.client.Jar.Cookies(at) {
		switch c.Name {
		case "__Host-rk-session":
			got.Refresh = c.Value
		case "__Host-rk-access":
			got.Access = c.Value
		}
	}
	suite.secrets.used(got.Access, got.Refresh)
	return got
}

func TestCodesAreLostWithTheirSession(t *testing.T) {
	t.Parallel()
	cases := endings()
	cases["by signing out on the pages"] = nil
	cases["by the settings"] = func(s *server, _ ann) answer {
		r := s.realm
		notBefore := r.Clock.Now().Add(2 * time.Second).Truncate(time.Second).UTC()
		r.Config.Tokens.SessionsNotBefore = &notBefore
		revision := s.Report().ConfigRevision
		r.Update()
		s.eventually("the settings are in force", func() bool { return s.Report().ConfigRevision != revision })
		r.Clock.Advance(3 * time.Second)
		return answer{Status: http.StatusOK}
	}
	for name, end := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newRealmWithApp(t).serve()
			a := s.newAnn("user")
			b := s.newPageBrowser()
			s.tokensOf(s.authorize(b, a.user.Email, strangerPassword)()) // which works
			redeem := s.authorize(b, a.user.Email, strangerPassword)
			a.session = s.pagesOf(b)
			if end == nil {
				b.open("/account")
				b.submit("/signout", nil)
			} else if ended := end(s, a); ended.Status >= 300 {
				t.Fatalf("ending answered %d %s", ended.Status, ended.Body)
			}
			redeem().Expect(t, http.StatusBadRequest, "oauth_code_invalid")
		})
	}
}

// A hand-over is no sign-in: what it opens is as recently proved as the pages'
// session, and from then on independent of it.
func TestAHandOverProvesNothingNew(t *testing.T) {
	t.Parallel()
	r := newRealmWithApp(t)
	r.Clock.Stop()
	s := r.serve()
	b := s.newPageBrowser()
	signedIn := r.Clock.Now()
	s.authorize(b, adminEmail, adminPassword)()
	r.Clock.Advance(2 * time.Hour)
	app := s.tokensOf(s.authorize(b, "", "")())
	for what, access := range map[string]string{"handed over": app.Access, "refreshed": s.refresh(app.Refresh).Access} {
		seconds, _ := claimsOf(t, access)["auth_time"].(float64)
		if off := time.Unix(int64(seconds), 0).Sub(signedIn).Abs(); off >= time.Second {
			t.Errorf("%s: auth_time is %s off the sign-in", what, off)
		}
	}
	b.open("/account")
	b.submit("/signout", nil)
	s.profile(app.Access).Expect(t, http.StatusOK, "")
}

// Whoever has found an access token and puts it where the pages keep theirs gets
// no session of his own.
func TestAnAccessTokenAloneIsHandedNothing(t *testing.T) {
	t.Parallel()
	s := newRealmWithApp(t).serve()
	stolen, other := s.login(), s.login()
	s.as(other.Access, http.MethodPost, "/api/auth/logout", map[string]string{})
	for name, refresh := range map[string]string{
		"none": "", "nonsense": "x", "one that looks right": "rkr_" + strings.Repeat("A", 43), "one of an ended session": other.Refresh,
		"an access token": stolen.Access,
	} {
		t.Run(name, func(t *testing.T) {
			r := newRequest(t, http.MethodGet, askToReturn(oauth2.GenerateVerifier()), nil)
			r.Header.Set("Cookie", "__Host-rk-access="+stolen.Access+"; __Host-rk-session="+refresh)
			client := *s.HTTP
			client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
			response, err := client.Do(r)
			if err != nil {
				t.Fatal(err)
			}
			defer func() { _ = response.Body.Close() }()
			if response.StatusCode != http.StatusOK || response.Header.Get("Location") != "" {
				t.Errorf("answered %d, sent to %q", response.StatusCode, response.Header.Get("Location"))
			}
		})
	}
	if n := query[int](s.realm, "SELECT count(*)::int FROM tickets"); n != 0 {
		t.Errorf("%d codes were made", n)
	}
	if n := query[int](s.realm, "SELECT count(*)::int FROM sessions"); n != 2 {
		t.Errorf("there are %d sessions", n)
	}
}

// The link of a thief must not give him the account after he has been put out.
func TestANewAddressIsLostWithTheSessionThatAskedForIt(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		end    string
		status int
		code   string
	}{
		"ended with all others": {"with all others of its user", http.StatusBadRequest, "verification_token_invalid"},
		"ended by its user":     {"by its user, from another one", http.StatusBadRequest, "verification_token_invalid"},
		"logged out":            {"logout with the access token", http.StatusOK, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := newMailingRealm(t)
			s := r.serve()
			a := s.newAnn("user")
			suite.secrets.used(annNext)
			s.as(a.session.Access, http.MethodPost, "/api/user/email", map[string]string{
				"email": annNext, "password": strangerPassword,
			}).Expect(t, http.StatusAccepted, "")
			token := r.lastLetter(annNext, "verify-email").token(t)
			if ended := endings()[c.end](s, a); ended.Status >= 300 {
				t.Fatalf("ending answered %d %s", ended.Status, ended.Body)
			}
			s.verifyEmail(token, strangerPassword).Expect(t, c.status, c.code)
		})
	}
}

// A hand-over shows no password: it makes up for no wrong guess, lifts no lock, and
// makes no device known.
func TestAHandOverForgivesNoGuesses(t *testing.T) {
	t.Parallel()
	s := newRealmWithApp(t).serve()
	s.realm.cheapen()
	refresh := s.login().Refresh
	for range 2 {
		s.tryLogin(adminEmail, wrongPassword).Expect(t, http.StatusUnauthorized, "invalid_credentials")
		s.tryLogin(adminEmail, wrongPassword).Expect(t, http.StatusUnauthorized, "invalid_credentials")
		next, got := s.authorizeBy(refresh)
		if refresh = next; got.Device != "" {
			t.Error("a device is known without a sign-in")
		}
	}
	s.tryLogin(adminEmail, wrongPassword).Expect(t, http.StatusUnauthorized, "invalid_credentials")
	s.tryLogin(adminEmail, adminPassword).Expect(t, http.StatusTooManyRequests, "account_locked")
	s.authorizeBy(refresh)
	s.tryLogin(adminEmail, adminPassword).Expect(t, http.StatusTooManyRequests, "account_locked")
}

// authorizeBy gets an application's tokens for nothing but a refresh token of the
// pages, and the pages' next one.
func (s *server) authorizeBy(refresh string) (next string, got tokens) {
	s.t.Helper()
	verifier := oauth2.GenerateVerifier()
	r := newRequest(s.t, http.MethodGet, askToReturn(verifier), nil)
	r.Header.Set("Cookie", "__Host-rk-session="+refresh)
	client := *s.HTTP
	client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	response, err := client.Do(r)
	if err != nil {
		s.t.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }()
	for _, c := range response.Cookies() {
		if c.Name == "__Host-rk-session" {
			next = c.Value
		}
	}
	location, err := response.Location()
	if err != nil {
		s.t.Fatalf("answered %d: %v", response.StatusCode, err)
	}
	suite.secrets.used(next)
	return next, s.tokensOf(s.post("/api/auth/oauth/token", map[string]string{"code": location.Query().Get("code"), "code_verifier": verifier}))
}
