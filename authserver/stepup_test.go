// SPDX-License-Identifier: Apache-2.0

package authserver_test

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/realmkeeper/realmkeeper/authserver/realmconfig"
	"github.com/realmkeeper/realmkeeper/internal/testenv/race"
	"github.com/realmkeeper/realmkeeper/internal/testenv/realmtest"
)

const (
	stepUpPath = "/signin/step-up"
	essential  = `{"id_token":{"acr":{"essential":true,"value":"2"}}}`
)

// setsUpApp sets up an app from the page that says what is missing, and is that app's secret.
func (b *pageBrowser) setsUpApp(s *server, password string) string {
	b.t.Helper()
	b.submit("/account/two-factor", nil)
	if b.status == http.StatusForbidden {
		b.sees("/account/two-factor", http.StatusForbidden, "Is it you?")
		b.submit("/account/two-factor", map[string]string{"password": password})
	}
	address, err := url.Parse(attribute(b.find("input", "name", "url"), "value"))
	if err != nil {
		b.t.Fatal(err)
	}
	secret := address.Query().Get("secret")
	suite.secrets.used(secret, address.String())
	suite.secrets.used(strings.Fields(attribute(b.find("input", "name", "codes"), "value"))...)
	b.submit("/account/two-factor/verify", code(s.shown(secret)))
	s.nextStep()
	return secret
}

// isOf reports whether an application was told of a class of sign-in, and by which methods.
func (h held) isOf(t testing.TB, acr string, amr ...string) {
	t.Helper()
	want := fmt.Sprint(amr)
	if h.claims["acr"] != acr || fmt.Sprint(h.claims["amr"]) != want {
		t.Errorf("the ID token says acr %v, amr %v, not %s, %s", h.claims["acr"], h.claims["amr"], acr, want)
	}
	if said := claimsOf(t, h.AccessToken); said["acr"] != acr || fmt.Sprint(said["amr"]) != want || said["auth_time"] != h.claims["auth_time"] {
		t.Errorf("the access token says %v, the ID token %v", said, h.claims)
	}
}

// Whoever has signed in by one factor, and has a second, shows that alone, and comes back.
func TestApplicationsAskForTheSecondFactorAlone(t *testing.T) {
	t.Parallel()
	for name, asked := range map[string][2]string{
		"by acr_values":               {"acr_values", "2"},
		"by acr_values, among others": {"acr_values", "urn:example:gold 2"},
		"by an essential claim":       {"claims", essential},
		"by one of several":           {"claims", `{"id_token":{"acr":{"essential":true,"values":["phr","2"]}}}`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := newWebClient()
			r := newRealmOfClients(t, c)
			s := r.serve()
			a, b, elsewhere := s.newApplication(c, "openid"), s.newPageBrowser(), s.newPageBrowser()
			first := a.newFlow().signIn(b)
			first.isOf(t, "1", "pwd")
			elsewhere.signIn(adminEmail, adminPassword)
			app := s.enrol(s.login().Access)

			f := a.newFlow()
			b.open(f.address(param(asked[0], asked[1])))
			b.sees(stepUpPath, http.StatusOK, "Enter your code", "Go back without it")
			if strings.Contains(b.text(), "Password") {
				t.Error("the password is asked for, too")
			}
			b.submit("/signin/code", code(s.wrongCode(app.Secret)))
			b.sees("/signin/code", http.StatusBadRequest, "Go back without it")
			b.submit("/signin/code", code(s.shown(app.Secret)))
			second := f.exchange(f.code(b))
			second.isOf(t, "2", "pwd", "otp", "mfa")
			if second.claims["sid"] != first.claims["sid"] || second.claims["auth_time"].(float64) <= first.claims["auth_time"].(float64) {
				t.Errorf("the session was %v and is %v", first.claims, second.claims)
			}
			told := decode[map[string]any](t, a.ask("/oauth2/introspect", url.Values{"token": {second.AccessToken}}), http.StatusOK)
			if told["acr"] != "2" || told["auth_time"] != second.claims["auth_time"] {
				t.Errorf("introspection says %v", told)
			}
			r.Clock.Advance(time.Minute)
			a.newFlow().signIn(b, param(asked[0], asked[1]), param("prompt", "none")).isOf(t, "2", "pwd", "otp", "mfa")
			f.refresh(second.RefreshToken).isOf(t, "2", "pwd", "otp", "mfa")

			// Another session of the same person has shown nothing.
			f = a.newFlow()
			elsewhere.open(f.address(param(asked[0], asked[1]), param("prompt", "none")))
			f.refusedWith(elsewhere, "login_required")
			elsewhere.open(f.address(param(asked[0], asked[1])))
			elsewhere.sees(stepUpPath, http.StatusOK, "Enter your code")
		})
	}
}

// Whoever has no second factor reads what is missing. They set one up, or go back without it.
func TestWhoHasNoSecondFactorIsLedToOne(t *testing.T) {
	t.Parallel()
	c := newWebClient()
	r := newRealmOfClients(t, c)
	s := r.serve()
	a, b := s.newApplication(c, "openid"), s.newPageBrowser()
	a.newFlow().signIn(b)
	f := a.newFlow()
	b.open(f.address(param("acr_values", "2")))
	for range 3 { // it waits for them, however often it is opened
		b.sees(stepUpPath, http.StatusOK, "A second factor is needed", adminEmail)
		b.open(b.at.String())
	}
	b.submit(stepUpPath, nil)
	f.refusedWith(b, "unmet_authentication_requirements")

	r.Clock.Advance(longAgo)
	f = a.newFlow()
	b.open(f.address(param("acr_values", "2")))
	secret := b.setsUpApp(s, adminPassword)
	b.sees(stepUpPath, http.StatusOK, "Your second factor is set up.", "Enter your code")
	b.submit("/signin/code", code(s.shown(secret)))
	f.exchange(f.code(b)).isOf(t, "2", "pwd", "otp", "mfa")
	b.open("/account")
	b.sees("/account", http.StatusOK, "In use")
}

// Both factors are shown again where the first was long ago.
func TestAnOldFirstFactorIsShownAgain(t *testing.T) {
	t.Parallel()
	c := newWebClient()
	r := newRealmOfClients(t, c)
	s := r.serve()
	a, b := s.newApplication(c, "openid"), s.newPageBrowser()
	a.newFlow().signIn(b)
	app := s.enrol(s.login().Access)
	r.Clock.Advance(13 * time.Hour)
	f := a.newFlow()
	b.open(f.address(param("acr_values", "2")))
	b.sees("/signin", http.StatusOK)
	b.submit("/signin", map[string]string{"email": adminEmail, "password": adminPassword})
	b.submit("/signin/code", code(s.shown(app.Secret)))
	f.exchange(f.code(b)).isOf(t, "2", "pwd", "otp", "mfa")
}

// What a request says is met together, or refused at once.
func TestClassesAndAges(t *testing.T) {
	t.Parallel()
	c := newWebClient()
	r := newRealmOfClients(t, c)
	s := r.serve()
	a, b := s.newApplication(c, "openid"), s.newPageBrowser()
	a.newFlow().signIn(b)
	app := s.enrol(s.login().Access)
	for name, asked := range map[string]url.Values{
		"a class that nobody knows":    {"acr_values": {"urn:example:gold"}},
		"several that nobody knows":    {"acr_values": {"3 0 phr"}},
		"one that is essential":        {"claims": {`{"id_token":{"acr":{"essential":true,"value":"3"}}}`}},
		"one that nobody may be asked": {"acr_values": {"phr"}, "prompt": {"none"}},
		"one and an age":               {"acr_values": {"phr"}, "max_age": {"0"}},
	} {
		f := a.newFlow()
		b.away = nil
		b.open(f.address() + "&" + asked.Encode())
		if got := f.answered(b).Get("error"); got != "unmet_authentication_requirements" {
			t.Errorf("%s: %q", name, got)
		}
	}
	for _, age := range []string{"-1", "x", "1e3", "99999999999999"} {
		f := a.newFlow()
		b.open(f.address(param("acr_values", "2"), param("max_age", age)))
		f.refusedWith(b, "invalid_request")
	}
	// Ones that are not essential are no more than a wish, and the first class is everybody's.
	for name, asked := range map[string]string{"claims": `{"id_token":{"acr":{"values":["2"]}}}`, "acr_values": "1"} {
		a.newFlow().signIn(b, param(name, asked), param("prompt", "none")).isOf(t, "1", "pwd")
	}
	r.Clock.Advance(time.Minute)
	for _, age := range []string{"0", "30"} {
		f := a.newFlow()
		b.open(f.address(param("acr_values", "2"), param("max_age", age)))
		b.sees("/signin", http.StatusOK)
		b.submit("/signin", map[string]string{"email": adminEmail, "password": adminPassword})
		b.submit("/signin/code", code(s.shown(app.Secret)))
		f.exchange(f.code(b)).isOf(t, "2", "pwd", "otp", "mfa")
		s.nextStep()
		r.Clock.Advance(time.Minute)
	}
	huge := a.newFlow().signIn(b, param("acr_values", "2"), param("max_age", "4294967295"))
	huge.isOf(t, "2", "pwd", "otp", "mfa")

	// Whoever has taken the factor away, and signs in anew, has shown one.
	s.twoFactor(s.tokensOf(s.validate(s.challenged(), s.shown(app.Secret))).Access, "disable", password(adminPassword)).Expect(t, http.StatusOK, "")
	f := a.newFlow()
	b.open(f.address(param("prompt", "login"), param("acr_values", "2")))
	b.submit("/signin", map[string]string{"email": adminEmail, "password": adminPassword})
	b.sees(stepUpPath, http.StatusOK, "A second factor is needed")
	b.submit(stepUpPath, nil)
	f.refusedWith(b, "unmet_authentication_requirements")
	f = a.newFlow()
	b.open(f.address(param("acr_values", "2"), param("prompt", "none")))
	f.refusedWith(b, "login_required")
}

// What a client has said once for all holds where a request says nothing else.
func TestDefaultsOfAClient(t *testing.T) {
	t.Parallel()
	c := newWebClient(func(c *realmconfig.Client) {
		c.DefaultACRValues, c.DefaultMaxAge = []string{"2"}, realmconfig.Duration(time.Hour)
	})
	r := newRealmOfClients(t, c)
	s := r.serve()
	app := s.enrol(s.login().Access)
	a, b := s.newApplication(c, "openid"), s.newPageBrowser()
	sign := func() {
		t.Helper()
		b.submit("/signin", map[string]string{"email": adminEmail, "password": adminPassword})
		b.submit("/signin/code", code(s.shown(app.Secret)))
		s.nextStep()
	}
	f := a.newFlow()
	b.open(f.address())
	sign()
	f.exchange(f.code(b)).isOf(t, "2", "pwd", "otp", "mfa")
	r.Clock.Advance(2 * time.Hour)
	a.newFlow().signIn(b, param("max_age", "86400"))
	f = a.newFlow()
	b.open(f.address())
	b.sees("/signin", http.StatusOK)
	sign()
	f.exchange(f.code(b))
}

// A device asks for nothing itself: whoever lets it in has signed in as its client wants it.
func TestADeviceWantsWhatItsClientHasSaid(t *testing.T) {
	t.Parallel()
	c := newWebClient(television, func(c *realmconfig.Client) { c.DefaultACRValues = []string{"2"} })
	r := newRealmOfClients(t, c)
	s := r.serve()
	a, b := s.newApplication(c, "openid"), s.newPageBrowser()
	codes := a.device()
	b.opensDevice(devicePath, adminEmail, adminPassword)
	b.submit(devicePath, map[string]string{"user_code": codes.User})
	b.sees(stepUpPath, http.StatusOK, "A second factor is needed")
	b.submit(stepUpPath, nil)
	b.sees(devicePath, http.StatusOK)
	refused(t, a.poll(codes), http.StatusBadRequest, "authorization_pending")
	app := s.enrol(s.login().Access)
	b.submit(devicePath, map[string]string{"user_code": codes.User})
	b.sees(stepUpPath, http.StatusOK, "Enter your code")
	b.submit("/signin/code", code(s.shown(app.Secret)))
	b.sees(devicePath, http.StatusOK)
	b.types(codes.User)
	b.submit(deviceAnswerPath, map[string]string{"answer": "allow"})
	r.Clock.Advance(time.Minute)
	a.given(a.poll(codes)).isOf(t, "2", "pwd", "otp", "mfa")
}

// A challenge is lost with the session whose first factor it counts, and used once.
func TestAStepUpIsOfOneSession(t *testing.T) {
	t.Parallel()
	c := newWebClient()
	r := newRealmOfClients(t, c)
	s := r.serve()
	a, ended, b := s.newApplication(c, "openid"), s.newPageBrowser(), s.newPageBrowser()
	a.newFlow().signIn(b)
	over := a.newFlow().signIn(ended)
	app := s.enrol(s.login().Access)
	challenge := func(b *pageBrowser) string {
		t.Helper()
		b.open(a.newFlow().address(param("acr_values", "2")))
		b.sees(stepUpPath, http.StatusOK, "Enter your code")
		id := attribute(b.find("input", "name", "session_id"), "value")
		suite.secrets.used(id)
		return id
	}
	strong := func() int { return query[int](r, "SELECT count(*) FROM sessions WHERE amr LIKE '%mfa%'") }
	id := challenge(ended)
	r.Exec("UPDATE sessions SET ended_at = now(), ended_reason = 'logout' WHERE id = $1", over.claims["sid"])
	s.validate(realmtest.Challenge{SessionID: id}, s.shown(app.Secret)).Expect(t, http.StatusUnauthorized, "challenge_invalid")
	if n := strong(); n != 0 {
		t.Error("a session has come of one that was over")
	}
	s.nextStep()

	id = challenge(b)
	shown, won := s.shown(app.Secret), atomic.Int64{}
	race.Run(50, func(int) {
		if a := s.validate(realmtest.Challenge{SessionID: id}, shown); a.Status == http.StatusOK {
			won.Add(1)
			s.tokensOf(a)
		}
	})
	if n := strong(); won.Load() != 1 || n != 1 {
		t.Errorf("%d of 50 answers have won, and %d sessions come of them", won.Load(), n)
	}
}

// Whoever has found nothing but an access token is asked for everything.
func TestAnAccessTokenAloneStepsUpToNothing(t *testing.T) {
	t.Parallel()
	c := newWebClient()
	r := newRealmOfClients(t, c)
	s := r.serve()
	a, b, thief := s.newApplication(c, "openid"), s.newPageBrowser(), s.newPageBrowser()
	a.newFlow().signIn(b)
	s.enrol(s.login().Access)
	at, err := url.Parse(issuer)
	if err != nil {
		t.Fatal(err)
	}
	for _, cookie := range b.client.Jar.Cookies(at) {
		if cookie.Name == "__Host-rk-access" {
			thief.client.Jar.SetCookies(at, []*http.Cookie{cookie})
		}
	}
	thief.open("/account")
	thief.sees("/account", http.StatusOK)
	f := a.newFlow()
	thief.open(f.address(param("acr_values", "2")))
	thief.sees("/signin", http.StatusOK, "Password")
	b.open(f.address(param("acr_values", "2")))
	thief.open(b.at.String()) // the journey is no secret
	thief.sees("/signin", http.StatusOK, "Password")
	for _, journey := range []string{"", "x", strings.Repeat("A", 200)} {
		thief.open(stepUpPath + "?journey=" + journey)
		thief.sees("/account", http.StatusOK)
	}
}
