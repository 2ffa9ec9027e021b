// SPDX-License-Identifier: Apache-2.0

package authserver_test

import (
	"net/http"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/realmkeeper/realmkeeper/authserver/realmconfig"
)

// mixUp makes a provider lead everybody who comes to sign in with it on to an
// honest one, as its client, and wait for the honest one's code (RFC 9700,
// section 4.4). What it asks for there comes back to where the honest provider
// knows us.
func (u *upstream) mixUp(honest *upstream, registered string) {
	u.script(func() {
		u.instead["/authorize"] = func(w http.ResponseWriter, r *http.Request) {
			asked := r.URL.Query()
			asked.Set("redirect_uri", registered)
			http.Redirect(w, r, honest.server.URL+"/authorize?"+asked.Encode(), http.StatusFound)
		}
	})
}

// namesItself makes a provider promise to name itself in its answers, and do so.
func (u *upstream) namesItself() {
	u.script(func() {
		u.metadata = func(d map[string]any) { d["authorization_response_iss_parameter_supported"] = true }
		u.answer = func(q url.Values) { q.Set("iss", u.server.URL) }
	})
}

func ownCallbackURL(provider string) string { return callbackURL + "/" + provider }

// A malicious provider beside an honest one gets none of the honest one's codes,
// whichever callbacks the two have and whatever either is.
func TestNoProviderGetsTheCodeOfAnother(t *testing.T) {
	t.Parallel()
	shared := func(p *realmconfig.Provider) { p.OwnCallback = false }
	named := func(p *realmconfig.Provider) { p.OwnCallback, p.RequireIssuer = false, true }
	own := func(p *realmconfig.Provider) { p.OwnCallback = true }
	const oidc, plain, github = realmconfig.OIDC, realmconfig.OAuth2, realmconfig.GitHub
	for name, c := range map[string]struct {
		honest, evil       realmconfig.ProviderType
		honestHas, evilHas func(*realmconfig.Provider)
		honestNames        bool
	}{
		"each at its own":                          {honest: oidc, evil: oidc, honestHas: own, evilHas: own},
		"each at its own, without discovery":       {honest: github, evil: plain, honestHas: own, evilHas: own},
		"the evil one alone at the shared":         {honest: oidc, evil: oidc, honestHas: own, evilHas: shared},
		"the honest one alone at the shared":       {honest: oidc, evil: oidc, honestHas: shared, evilHas: own},
		"an honest one that names itself":          {honest: oidc, evil: oidc, honestHas: named, evilHas: shared, honestNames: true},
		"an honest one, beside one unknown":        {honest: oidc, evil: plain, honestHas: named, evilHas: shared, honestNames: true},
		"an evil one that promised a name":         {honest: oidc, evil: oidc, honestHas: shared, evilHas: named},
		"an evil one beside GitHub":                {honest: github, evil: oidc, honestHas: shared, evilHas: named},
		"two that promised names":                  {honest: oidc, evil: oidc, honestHas: named, evilHas: named, honestNames: true},
		"an honest one that forgot to name itself": {honest: oidc, evil: oidc, honestHas: named, evilHas: named},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			honest, evil := newUpstream(t), newUpstream(t)
			if c.honestNames {
				honest.namesItself()
			}
			r := newRealm(t)
			r.withProviders(upstreamSecret, honest.provider("honest", c.honest), evil.provider("evil", c.evil))
			c.honestHas(&r.Config.Providers[0])
			c.evilHas(&r.Config.Providers[1])
			r.Update()
			s := r.serve()
			registered := callbackURL
			if r.Config.Providers[0].OwnCallback {
				registered = ownCallbackURL("honest")
			}
			evil.mixUp(honest, registered)

			_, a := s.newBrowser().signIn("evil", nil)
			a.Expect(t, http.StatusBadRequest, "state_invalid")
			if back, _ := s.newBrowser().signIn("evil", url.Values{"return_to": {appURL}}); back != appURL+"?error=state_invalid" {
				t.Errorf("sent back to %s", back)
			}
			access := s.login().Access
			begun := s.as(access, http.MethodPost, "/api/user/identities/evil", map[string]string{"return_to": appURL, "password": adminPassword})
			link := decode[struct {
				URL string `json:"authorization_url"`
			}](t, begun, http.StatusOK).URL
			suite.secrets.used(queryOf(t, link, "link"))
			if back, _ := s.newBrowser().follow(link); back != appURL+"?error=state_invalid" {
				t.Errorf("linking is sent back to %s", back)
			}
			if got := evil.count("/token") + honest.count("/token"); got != 0 {
				t.Errorf("%d codes were sent on", got)
			}
			if n := query[int](r, "SELECT count(*) FROM users") + query[int](r, "SELECT count(*) FROM identities"); n != 1 {
				t.Errorf("there are %d users and identities, want the admin alone", n)
			}

			_, a = s.newBrowser().signIn("honest", nil)
			if c.honestNames || !r.Config.Providers[0].RequireIssuer {
				s.tokensOf(a)
			} else {
				a.Expect(t, http.StatusBadRequest, "state_invalid")
			}
		})
	}
}

// begin goes to a provider and returns where it sends the browser back to.
func (b *browser) begin(provider string) string {
	b.t.Helper()
	start := issuer + "/api/auth/oauth/" + provider
	authorize := b.location(start, b.get(start))
	return b.location(authorize, b.get(authorize))
}

// An answer counts at the callback it was asked to come to; a refusal, too.
func TestAnswersComeToTheirCallback(t *testing.T) {
	t.Parallel()
	alone, first, second := newUpstream(t), newUpstream(t), newUpstream(t)
	r := newRealm(t)
	r.withProviders(upstreamSecret,
		alone.provider("alone", realmconfig.OIDC), first.provider("first", realmconfig.OIDC), second.provider("second", realmconfig.OAuth2))
	r.Config.Providers[0].OwnCallback = false
	r.Update()
	s := r.serve()
	for name, c := range map[string]struct{ provider, callback string }{
		"one's own at the shared":     {"first", callbackURL},
		"one's own at another's":      {"first", ownCallbackURL("second")},
		"the shared at one's own":     {"alone", ownCallbackURL("alone")},
		"the shared at another's":     {"alone", ownCallbackURL("first")},
		"one's own at nobody's":       {"first", ownCallbackURL("nobody")},
		"one's own, but for its case": {"first", ownCallbackURL("First")},
		"without discovery":           {"second", ownCallbackURL("first")},
	} {
		t.Run(name, func(t *testing.T) {
			b := s.newBrowser()
			answered := b.begin(c.provider)
			elsewhere := c.callback + answered[strings.IndexByte(answered, '?'):]
			b.get(elsewhere).Expect(t, http.StatusBadRequest, "state_invalid")
			b.get(answered).Expect(t, http.StatusBadRequest, "state_invalid") // used up

			state := queryOf(t, b.begin(c.provider), "state")
			b.get(c.callback+"?error=access_denied&state="+state).Expect(t, http.StatusBadRequest, "state_invalid")
		})
	}
	for _, u := range []*upstream{alone, first, second} {
		if n := u.count("/token"); n != 0 {
			t.Errorf("%d codes were sent to a token endpoint", n)
		}
	}
	for _, p := range []string{"alone", "first", "second"} {
		_, a := s.newBrowser().signIn(p, nil)
		s.tokensOf(a)
	}
}

// A refusal is a provider's as its code is: nobody else's ends a sign-in.
func TestRefusalsAreBoundAsCodesAre(t *testing.T) {
	t.Parallel()
	u, other := newUpstream(t), newUpstream(t)
	u.namesItself()
	p := u.provider("elsewhere", realmconfig.OIDC)
	p.RequireIssuer = true
	_, s := serveWith(t, p, other.provider("other", realmconfig.OIDC))
	for name, c := range map[string]struct {
		iss    string
		status int
		code   string
	}{
		"its own":   {u.server.URL, http.StatusUnauthorized, "provider_refused"},
		"another's": {other.server.URL, http.StatusBadRequest, "state_invalid"},
		"nobody's":  {"", http.StatusBadRequest, "state_invalid"},
	} {
		b := s.newBrowser()
		state := queryOf(t, b.begin("elsewhere"), "state")
		q := url.Values{"state": {state}, "error": {"access_denied"}}
		if c.iss != "" {
			q.Set("iss", c.iss)
		}
		t.Run(name, func(t *testing.T) { b.get(callbackURL+"?"+q.Encode()).Expect(t, c.status, c.code) })
	}
}

// Of many answers at once, at the right callback and at a wrong one, one at most
// is taken, and never at the wrong one.
func TestAnswersAtTwoCallbacksAreTakenOnce(t *testing.T) {
	t.Parallel()
	u, other := newUpstream(t), newUpstream(t)
	_, s := serveWith(t, u.provider("elsewhere", realmconfig.OIDC), other.provider("other", realmconfig.OIDC))
	for round := range 10 {
		b, turn := s.newBrowser(), atomic.Int32{}
		right := b.begin("elsewhere")
		wrong := strings.Replace(right, "/callback/elsewhere?", "/callback/other?", 1)
		asked := u.count("/token")
		taken := together(50, func() answer {
			if turn.Add(1)%2 == 0 {
				return b.get(wrong)
			}
			return b.get(right)
		}, http.StatusOK)
		for _, a := range taken {
			s.tokensOf(a)
		}
		if sent := u.count("/token") - asked; len(taken) > 1 || sent != len(taken) {
			t.Fatalf("round %d: %d answers were taken, and %d codes sent", round, len(taken), sent)
		}
		b = s.newBrowser()
		right = b.begin("elsewhere")
		if taken = together(50, func() answer { return b.get(right) }, http.StatusOK); len(taken) != 1 {
			t.Fatalf("round %d: %d of fifty answers at the right callback were taken", round, len(taken))
		}
		s.tokensOf(taken[0])
	}
	if n := other.count("/token"); n != 0 {
		t.Errorf("%d codes were sent to another provider", n)
	}
}

// A sign-in ends with whom it began with, or not at all.
func TestSignInsEndWithWhomTheyBegan(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		kind   realmconfig.ProviderType
		change func(p *realmconfig.Provider, other *upstream)
	}{
		"another client":         {realmconfig.OIDC, func(p *realmconfig.Provider, _ *upstream) { p.ClientID = "another" }},
		"another issuer":         {realmconfig.OIDC, func(p *realmconfig.Provider, other *upstream) { p.Issuer = other.server.URL }},
		"another type":           {realmconfig.OIDC, func(p *realmconfig.Provider, _ *upstream) { p.Type = realmconfig.GitLab }},
		"another token endpoint": {realmconfig.OAuth2, func(p *realmconfig.Provider, other *upstream) { p.Endpoints.Token = other.server.URL + "/token" }},
		"another profile":        {realmconfig.OAuth2, func(p *realmconfig.Provider, other *upstream) { p.Endpoints.UserInfo = other.server.URL + "/user" }},
		"another authorization URL": {realmconfig.OAuth2, func(p *realmconfig.Provider, other *upstream) {
			p.Endpoints.Authorization = other.server.URL + "/authorize"
		}},
		"a callback of its own": {realmconfig.OIDC, func(p *realmconfig.Provider, _ *upstream) { p.OwnCallback = true }},
		"an issuer to name":     {realmconfig.OIDC, func(p *realmconfig.Provider, _ *upstream) { p.RequireIssuer = true }},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			u, other := newUpstream(t), newUpstream(t)
			r, s := serveWith(t, u.provider("elsewhere", c.kind))
			b := s.newBrowser()
			answered := b.begin("elsewhere")
			c.change(&r.Config.Providers[0], other)
			r.Update()
			s.eventually("the change is taken up", func() bool { return s.Report().ConfigRevision == r.revision() })
			b.get(answered).Expect(t, http.StatusBadRequest, "state_invalid")
			if n := u.count("/token") + other.count("/token"); n != 0 {
				t.Errorf("%d codes were sent on", n)
			}
		})
	}
}

// What a provider says of itself may change, too, while somebody is there.
func TestSignInsEndAtTheEndpointsTheyBeganWith(t *testing.T) {
	t.Parallel()
	u, other := newUpstream(t), newUpstream(t)
	r, s := serveWith(t, u.provider("elsewhere", realmconfig.OIDC))
	b := s.newBrowser()
	b.begin("elsewhere") // its document is known from now on
	r.Clock.Advance(14 * time.Minute)
	answered := b.begin("elsewhere")
	u.script(func() { u.metadata = func(d map[string]any) { d["token_endpoint"] = other.server.URL + "/token" } })
	r.Clock.Advance(2 * time.Minute)
	b.get(answered).Expect(t, http.StatusBadRequest, "state_invalid")
	if n := u.count("/token") + other.count("/token"); n != 0 {
		t.Errorf("%d codes were sent on", n)
	}
}

func TestCallbacksBelowAnIssuerWithAPath(t *testing.T) {
	t.Parallel()
	u, other := newUpstream(t), newUpstream(t)
	r := newRealm(t)
	r.Config.Issuer = issuer + "/realms/one"
	r.withProviders(upstreamSecret, u.provider("own", realmconfig.OIDC), other.provider("shared", realmconfig.OIDC))
	r.Config.Providers[1].OwnCallback = false
	r.Update()
	s := r.serve()
	for provider, callback := range map[string]string{
		"own": "/realms/one/api/auth/oauth/callback/own?", "shared": "/realms/one/api/auth/oauth/callback?",
	} {
		b := s.newBrowser()
		answered := b.begin(provider)
		if !strings.HasPrefix(answered, issuer+callback) {
			t.Errorf("%s answers at %s", provider, answered)
		}
		response, err := b.client.Get(answered)
		if err != nil {
			t.Fatal(err)
		}
		body := readAll(t, response.Body)
		if err := response.Body.Close(); err != nil || response.StatusCode != http.StatusOK {
			t.Errorf("%s answered %d %s, %v", provider, response.StatusCode, body, err)
		}
		s.tokensOf(answer{Status: response.StatusCode, Header: response.Header, Body: body})
	}
}
