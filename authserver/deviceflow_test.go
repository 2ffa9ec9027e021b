// SPDX-License-Identifier: Apache-2.0

package authserver_test

import (
	"encoding/json"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/oauth2"

	"github.com/realmkeeper/realmkeeper/authserver/realmconfig"
)

const (
	devicePath          = "/device"
	deviceAnswerPath    = "/device/answer"
	deviceAuthorization = "/oauth2/device_authorization"
	deviceGrant         = "urn:ietf:params:oauth:grant-type:device_code"
)

// television makes a client one that has devices let in, and nothing else.
func television(c *realmconfig.Client) {
	c.DisplayName, c.RedirectURIs = "Television", nil
	c.GrantTypes = []realmconfig.GrantType{realmconfig.DeviceCodeGrant, realmconfig.RefreshTokenGrant}
}

// deviceCodes are what a device is told (RFC 8628, section 3.2).
type deviceCodes struct {
	Device    string `json:"device_code"`
	User      string `json:"user_code"`
	URI       string `json:"verification_uri"`
	Complete  string `json:"verification_uri_complete"`
	ExpiresIn int    `json:"expires_in"`
	Interval  int    `json:"interval"`
}

// device asks for codes, as the application does.
func (a *relyingParty) device() deviceCodes {
	a.s.t.Helper()
	codes := decode[deviceCodes](a.s.t, a.ask(deviceAuthorization, url.Values{"scope": {strings.Join(a.config.Scopes, " ")}}), http.StatusOK)
	suite.secrets.used(codes.Device, codes.User)
	return codes
}

// poll asks whether somebody has answered.
func (a *relyingParty) poll(c deviceCodes) answer {
	a.s.t.Helper()
	return a.token(url.Values{"grant_type": {deviceGrant}, "device_code": {c.Device}})
}

// given is what a poll has brought, verified as foreign code does.
func (a *relyingParty) given(got answer) held {
	a.s.t.Helper()
	body := decode[map[string]any](a.s.t, got, http.StatusOK)
	text := func(name string) string { value, _ := body[name].(string); return value }
	token := &oauth2.Token{AccessToken: text("access_token"), RefreshToken: text("refresh_token")}
	return (&flow{a: a}).verified(token.WithExtra(body))
}

// opensDevice goes to the page where codes are typed, and signs in where asked.
func (b *pageBrowser) opensDevice(address, email, password string) {
	b.t.Helper()
	b.open(address)
	if b.at.Path == "/signin" {
		b.submit("/signin", map[string]string{"email": email, "password": password})
	}
	b.sees(devicePath, http.StatusOK)
}

// types enters a code, and must be asked about the device.
func (b *pageBrowser) types(code string, says ...string) {
	b.t.Helper()
	b.submit(devicePath, map[string]string{"user_code": code})
	b.sees(deviceAnswerPath, http.StatusOK, says...)
}

// lets signs the admin in and lets a device in.
func (b *pageBrowser) lets(c deviceCodes) {
	b.t.Helper()
	b.opensDevice(devicePath, adminEmail, adminPassword)
	b.types(c.User)
	b.submit(deviceAnswerPath, map[string]string{"answer": "allow"})
	b.sees(deviceAnswerPath, http.StatusOK, "Device connected")
}

var shownUserCode = regexp.MustCompile(`^[BCDFGHJKLMNPQRSTVWXZ]{4}-[BCDFGHJKLMNPQRSTVWXZ]{4}$`)

// A device without a browser shows a code; somebody types it on another one, and lets it in.
func TestSomebodyLetsADeviceIn(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]realmconfig.Client{
		"public": newWebClient(television, publicClient), "confidential": newWebClient(television),
		"asked about anyway": newWebClient(television, publicClient, asking), "beside a browser": newWebClient(publicClient, func(c *realmconfig.Client) {
			c.DisplayName, c.GrantTypes = "Television", append(c.GrantTypes, realmconfig.DeviceCodeGrant)
		}),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := newRealmOfClients(t, c)
			s := r.serve()
			a, b := s.newApplication(c, "openid", "email", "unknown"), s.newPageBrowser()
			codes := a.device()
			if !shownUserCode.MatchString(codes.User) || codes.URI != issuer+devicePath || codes.Complete != issuer+devicePath+"?user_code="+codes.User ||
				codes.ExpiresIn != 600 || codes.Interval != 5 || !strings.HasPrefix(codes.Device, "rkv_") {
				t.Fatalf("the device is told %+v", codes)
			}
			refused(t, a.poll(codes), http.StatusBadRequest, "authorization_pending")

			b.opensDevice(devicePath, adminEmail, adminPassword)
			b.types(strings.ToLower(strings.ReplaceAll(codes.User, "-", " ")), "Let a device use Television?", "You are signed in as "+adminEmail,
				codes.User, "Address 127.0.0.1", "Program Go-http-client", "Television (apps.shop)", "UTC", "recognize you by your account here", "know your e-mail address",
				"Nobody from support", "Allow", "Deny")
			if strings.Contains(b.text(), "unknown") {
				t.Errorf("a scope that the client does not have is shown:\n%s", b.text())
			}
			b.open(b.at.String()) // which can be loaded again
			b.sees(deviceAnswerPath, http.StatusOK, codes.User)
			r.Clock.Advance(6 * time.Second)
			refused(t, a.poll(codes), http.StatusBadRequest, "authorization_pending")
			b.submit(deviceAnswerPath, map[string]string{"answer": "allow"})
			b.sees(deviceAnswerPath, http.StatusOK, "Device connected")
			r.Clock.Advance(time.Minute)

			h := a.given(a.poll(codes))
			access, sid := claimsOf(t, h.AccessToken), claimsOf(t, s.pagesOf(b).Access)["sid"]
			if amr, _ := json.Marshal(h.claims["amr"]); string(amr) != `["pwd"]` || h.claims["email"] != adminEmail || h.claims["acr"] != "1" {
				t.Errorf("the ID token is %v", h.claims)
			}
			if shown := h.claims["auth_time"].(float64); time.Unix(int64(shown), 0).After(r.Clock.Now().Add(-time.Minute)) {
				t.Errorf("auth_time is %v, not when the user signed in", h.claims["auth_time"])
			}
			if access["client_id"] != c.ID || access["scope"] != "openid email" || h.claims["sid"] == sid || h.claims["sid"] != access["session_id"] {
				t.Errorf("the access token is %v, the ID token %v, the browser's session %v", access, h.claims, sid)
			}
			if info := decode[map[string]any](t, s.userInfo(h.AccessToken), http.StatusOK); info["email"] != adminEmail {
				t.Errorf("UserInfo says %v", info)
			}
			h = (&flow{a: a}).refresh(h.RefreshToken)

			b.open("/account")
			b.sees("/account", http.StatusOK, "Television, on a device", "127.0.0.1")
			b.submit("/signout", nil)
			h = (&flow{a: a}).refresh(h.RefreshToken) // it is no part of the browser's session
			b.signIn(adminEmail, adminPassword)
			b.submit("/account/sessions/"+access["session_id"].(string)+"/end", nil)
			b.sees("/account", http.StatusOK, "The session has ended.")
			refused(t, a.tryRefresh(h.RefreshToken), http.StatusBadRequest, "invalid_grant")
			refused(t, s.userInfo(h.AccessToken), http.StatusUnauthorized, "invalid_token")

			if n := query[int](r, "SELECT count(*) FROM consents"); n != 0 {
				t.Errorf("%d consents are remembered, by which a browser would be asked nothing", n)
			}
			for action, want := range map[string]int{"device.allowed": 1, "grant.begun": 1} {
				if n := query[int](r, "SELECT count(*) FROM audit_events WHERE action = $1 AND detail = $2 AND actor_id = target_id", action, c.ID); n != want {
					t.Errorf("%d events tell of %s", n, action)
				}
			}
			for outcome, want := range map[string]string{"requested": "1", "allowed": "1"} {
				if got := s.Metric(`realmkeeper_device_requests_total{outcome="` + outcome + `"}`); got != want {
					t.Errorf("%s devices are %s", got, outcome)
				}
			}
			if got := s.Metric(`realmkeeper_client_tokens_total{grant="` + deviceGrant + `",outcome="authorization_pending"}`); got != "2" {
				t.Errorf("%s polls have waited", got)
			}
		})
	}
}

// The library that most programs in Go take for it, as it is.
func TestAnotherLibraryLetsADeviceIn(t *testing.T) {
	t.Parallel()
	c := newWebClient(television, publicClient)
	r := newRealmOfClients(t, c)
	s := r.serve()
	a, b, ctx := s.newApplication(c, "openid", "email"), s.newPageBrowser(), oidc.ClientContext(t.Context(), s.HTTP)
	codes, err := a.config.DeviceAuth(ctx)
	if err != nil {
		t.Fatal(err)
	}
	suite.secrets.used(codes.DeviceCode, codes.UserCode)
	codes.Interval = 1
	type outcome struct {
		token *oauth2.Token
		err   error
	}
	got := make(chan outcome, 1)
	go func() {
		token, err := a.config.DeviceAccessToken(ctx, codes)
		got <- outcome{token, err}
	}()
	s.eventually("the device asks", func() bool {
		return query[int](r, "SELECT count(*) FROM device_codes WHERE polled_at IS NOT NULL") == 1
	})
	b.lets(deviceCodes{User: codes.UserCode})
	o := <-got
	if o.err != nil {
		t.Fatal(o.err)
	}
	if h := (&flow{a: a}).verified(o.token); h.claims["email"] != adminEmail {
		t.Errorf("the ID token is %v", h.claims)
	}
}

// Where the code is in the address, it is filled in, and asked for all the same.
func TestACodeInTheAddressIsFilledInAndNoMore(t *testing.T) {
	t.Parallel()
	c := newWebClient(television, publicClient) // whose consent is Skip
	r := newRealmOfClients(t, c)
	s := r.serve()
	a, b := s.newApplication(c, "openid"), s.newPageBrowser()
	codes := a.device()
	b.open(codes.Complete)
	b.sees("/signin", http.StatusOK)
	b.submit("/signin", map[string]string{"email": adminEmail, "password": adminPassword})
	for range 2 { // on the way back from the sign-in, and in a browser that is signed in
		b.sees(devicePath, http.StatusOK, "Go on only if your device shows this very code", "Nobody from support")
		if got := attribute(b.find("input", "name", "user_code"), "value"); got != codes.User {
			t.Errorf("the field has %q", got)
		}
		b.open(codes.Complete)
	}
	refused(t, a.poll(codes), http.StatusBadRequest, "authorization_pending")
	b.types(codes.User)
	b.submit(deviceAnswerPath, map[string]string{"answer": "deny"})
	b.sees(deviceAnswerPath, http.StatusOK, "Device turned away")
	refused(t, a.poll(codes), http.StatusBadRequest, "access_denied")
	if n := query[int](r, "SELECT count(*) FROM audit_events WHERE action = 'device.denied' AND actor_id = target_id AND detail = $1", c.ID); n != 1 {
		t.Errorf("%d events tell of it", n)
	}
	if n := query[int](r, "SELECT (SELECT count(*) FROM grants) + (SELECT count(*) FROM sessions WHERE client_id IS NOT NULL)"); n != 0 {
		t.Errorf("%d rows are left", n)
	}
	for _, noise := range []string{"%3Cscript%3E", "WDJA-MJHT", "%00", "%FF", strings.Repeat("W", 3000), codes.User + "&user_code=" + codes.User} {
		b.open(devicePath + "?user_code=" + noise)
		if b.sees(devicePath, http.StatusOK); attribute(b.find("input", "name", "user_code"), "value") != "" {
			t.Errorf("%s is filled in", noise)
		}
	}
}

// Whoever would rather use another account comes back to the code with that one.
func TestADeviceIsLetInByAnotherAccount(t *testing.T) {
	t.Parallel()
	c := newWebClient(television, publicClient)
	s := newRealmOfClients(t, c).serve()
	ann, a, b := s.newAnn("user"), s.newApplication(c, "openid", "email"), s.newPageBrowser()
	codes := a.device()
	b.opensDevice(devicePath, adminEmail, adminPassword)
	b.types(codes.User, adminEmail)
	b.click("Use another account")
	b.submit("/signin", map[string]string{"email": ann.user.Email, "password": strangerPassword})
	b.sees(devicePath, http.StatusOK)
	if got := attribute(b.find("input", "name", "user_code"), "value"); got != codes.User {
		t.Errorf("the field has %q", got)
	}
	b.types(codes.User, ann.user.Email)
	b.submit(deviceAnswerPath, map[string]string{"answer": "allow"})
	if h := a.given(a.poll(codes)); h.claims["email"] != ann.user.Email {
		t.Errorf("the ID token is of %v", h.claims["email"])
	}
}

// Discovery names the endpoint and the grant; who may not use it is told so.
func TestWhoMayHaveDevicesLetIn(t *testing.T) {
	t.Parallel()
	c, without := newWebClient(television), newWebClient(func(c *realmconfig.Client) { c.ID = "apps.other" })
	r := newRealm(t)
	suite.secrets.used(shopSecret)
	r.Config.Browser.ReturnURLs = []string{appURL}
	r.Clients = []realmconfig.Client{c, without}
	r.Update()
	s := r.serve()
	a := s.newApplication(c, "openid")
	said := struct {
		Endpoint string   `json:"device_authorization_endpoint"`
		Grants   []string `json:"grant_types_supported"`
	}{}
	if err := a.provider.Claims(&said); err != nil || said.Endpoint != issuer+deviceAuthorization || !strings.Contains(strings.Join(said.Grants, " "), deviceGrant) {
		t.Errorf("discovery says %+v, %v", said, err)
	}
	for name, got := range map[string]answer{
		"a client without the grant": s.newApplication(without).ask(deviceAuthorization, url.Values{}),
		"its poll":                   s.newApplication(without).poll(a.device()),
	} {
		t.Log(name)
		refused(t, got, http.StatusBadRequest, "unauthorized_client")
	}
	own := &relyingParty{s: s, config: oauth2.Config{ClientID: realmconfig.FirstPartyID}}
	refused(t, own.ask(deviceAuthorization, url.Values{}), http.StatusBadRequest, "unauthorized_client")
	refused(t, a.ask(deviceAuthorization, url.Values{"resource": {"https://elsewhere.example"}}), http.StatusBadRequest, "invalid_target")
	refused(t, a.ask(deviceAuthorization, url.Values{"scope": {`"`}}), http.StatusBadRequest, "invalid_scope")
	a.config.ClientSecret = "wrong"
	refused(t, a.ask(deviceAuthorization, url.Values{}), http.StatusUnauthorized, "invalid_client")
}
