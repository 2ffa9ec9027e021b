// SPDX-License-Identifier: Apache-2.0

package authserver_test

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/golang-jwt/jwt/v5"

	"github.com/realmkeeper/realmkeeper/authserver/realmconfig"
)

// Which rule has refused stands in the problem, in the address that an application is
// sent back to, in the audit trail and in the log.
func TestARefusedSignInSaysWhichRule(t *testing.T) {
	t.Parallel()
	const identity, provider = "identity_refused", "provider_refused"
	domains := func(p *realmconfig.Provider) { p.AllowedEmailDomains = []string{"example.org"} }
	claim := func(name string, value any) func(*upstream) {
		return func(u *upstream) { u.claims[name] = value }
	}
	for name, c := range map[string]struct {
		policy       func(*realmconfig.Provider)
		script       func(*upstream)
		code, reason string
	}{
		"another domain":               {domains, nil, identity, "email_domain_not_allowed"},
		"no address, of a domain":      {domains, claim("email", nil), identity, "email_missing"},
		"an unproved one, of a domain": {domains, claim("email_verified", false), identity, "email_unverified"},
		"no address":                   {nil, claim("email", nil), identity, "email_missing"},
		"an address that is none":      {nil, claim("email", "bob"), identity, "email_missing"},
		"an address nobody has proved": {nil, claim("email_verified", false), identity, "email_unverified"},
		"an address nobody speaks of":  {nil, claim("email_verified", nil), identity, "email_unverified"},
		"no sign-up":                   {func(p *realmconfig.Provider) { p.SignUp = false }, nil, identity, "sign_up_closed"},
		"no consent":                   {nil, answers("error", "access_denied"), provider, "declined"},
		"Apple's word for no consent":  {nil, answers("error", "user_cancelled_authorize"), provider, "declined"},
		"a scope that is not granted":  {nil, answers("error", "invalid_scope"), provider, "scope_refused"},
		"a client that may not ask":    {nil, answers("error", "unauthorized_client"), provider, "client_refused"},
		"a request it does not take":   {nil, answers("error", "invalid_request"), provider, "client_refused"},
		"a code of another sign-in":    {nil, answers("code", "another"), provider, "code_refused"},
		"an error that nobody knows":   {nil, answers("error", "teapot"), provider, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			u := newUpstream(t)
			if c.script != nil {
				u.script(func() { c.script(u) })
			}
			p := u.provider("elsewhere", realmconfig.OIDC)
			if c.policy != nil {
				c.policy(&p)
			}
			_, s := serveWith(t, p)
			_, a := s.newBrowser().signIn("elsewhere", nil)
			if a.Problem.Code != c.code || a.Problem.Reason != c.reason {
				t.Errorf("answered %s", a.Body)
			}
			if strings.Contains(a.Body, `"reason"`) != (c.reason != "") {
				t.Errorf("answered %s", a.Body)
			}
			back, _ := s.newBrowser().signIn("elsewhere", url.Values{"return_to": {appURL}})
			want := url.Values{"error": {c.code}}
			if c.reason != "" {
				want.Set("error_reason", c.reason)
			}
			if back != appURL+"?"+want.Encode() {
				t.Errorf("sent back to %s, want %s", back, want.Encode())
			}
			trail := decode[struct {
				Events []struct {
					Outcome, Detail string
					Reason          *string
				}
			}](t, s.as(s.login().Access, http.MethodGet, "/api/admin/audit?action=login&outcome="+c.code, nil), http.StatusOK).Events
			if len(trail) != 2 || trail[0].Detail != "elsewhere" || (trail[0].Reason == nil) != (c.reason == "") || c.reason != "" && *trail[0].Reason != c.reason {
				t.Errorf("the trail has %+v", trail)
			}
			page := s.newPageBrowser()
			page.open("/signin/with/elsewhere")
			page.sees("/signin/return", http.StatusBadRequest, "")
			if strings.Contains(page.text(), "Something went wrong") {
				t.Errorf("the page says %s", page.text())
			}
			if line := fmt.Sprintf(`"action":"login","outcome":%q,"reason":%q`, c.code, c.reason); c.reason != "" && !strings.Contains(suite.log.String(), line) {
				t.Errorf("the log has no line with %s", line)
			}
		})
	}
}

// Where a realm conceals accounts, a newcomer's reason is the same with and without one.
func TestAReasonTellsOfNoAccount(t *testing.T) {
	t.Parallel()
	u := newUpstream(t)
	for signUp, want := range map[bool]string{true: "email_unverified", false: "sign_up_closed"} {
		p := u.provider("elsewhere", realmconfig.OIDC)
		p.SignUp = signUp
		u.script(func() { u.claims["email_verified"] = false })
		r := newRealm(t)
		r.Config.Login.UnknownUser = realmconfig.Conceal
		r.withProviders(upstreamSecret, p)
		s := r.serve()
		_, without := s.newBrowser().signIn("elsewhere", nil)
		query[string](r, "UPDATE users SET email = 'bob@example.com' RETURNING id::text")
		_, with := s.newBrowser().signIn("elsewhere", nil)
		if with.Problem.Reason != want || with.Problem.Reason != without.Problem.Reason || with.Status != without.Status {
			t.Errorf("with an account %s, without %s", with.Body, without.Body)
		}
	}
}

// What a realm says of a code in its own words, it says of the code's reasons too.
func TestReasonsHaveWordsInEveryLanguage(t *testing.T) {
	t.Parallel()
	r := newRealm(t)
	r.Config.UI.Texts = map[string]map[string]string{"fr": {"problem.identity_refused": "Appelez le 42."}}
	r.Update()
	s := r.serve()
	for language, says := range map[string]map[string]string{
		"en": {"email_missing": "tells us no e-mail address", "email_unverified": "has not verified your e-mail address", "nonsense": "may not sign in here", "": "may not sign in here"},
		"de": {"email_missing": "keine E-Mail-Adresse", "email_domain_not_allowed": "bestimmter Organisationen"},
		"es": {"sign_up_closed": "no se crean cuentas nuevas", "email_unverified": "no ha verificado"},
		"fr": {"email_missing": "Appelez le 42.", "sign_up_closed": "Appelez le 42."},
	} {
		for reason, text := range says {
			page := s.newPageBrowser()
			page.language = language
			page.open("/signin/return?error=identity_refused&error_reason=" + reason)
			page.sees("/signin/return", http.StatusBadRequest, text)
		}
	}
}

// What is not needed to know who somebody is, and that a provider will not tell for
// good, is unknown: whom an account knows goes in, and a newcomer is told why not.
func TestWhatAProviderWillNotTellIsUnknown(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		kind   realmconfig.ProviderType
		path   string
		script func(*upstream) // besides
		header http.Header
		status int
		away   bool
	}{
		"a GitHub App without the permission": {kind: realmconfig.GitHub, path: "/user/emails", status: 403},
		"an OAuth App without the scope":      {kind: realmconfig.GitHub, path: "/user/emails", status: 404},
		"GitHub, when it was asked too often": {kind: realmconfig.GitHub, path: "/user/emails", status: 403, header: http.Header{"X-Ratelimit-Remaining": {"0"}}, away: true},
		"GitHub, when it wants a pause":       {kind: realmconfig.GitHub, path: "/user/emails", status: 403, header: http.Header{"Retry-After": {"60"}}, away: true},
		"GitHub in trouble":                   {kind: realmconfig.GitHub, path: "/user/emails", status: 502, away: true},
		"an issuer's profile, forbidden":      {kind: realmconfig.OIDC, path: "/userinfo", status: 403, script: withoutAddress},
		"an issuer's profile, not allowed":    {kind: realmconfig.OIDC, path: "/userinfo", status: 401, script: withoutAddress},
		"an issuer's profile that is gone":    {kind: realmconfig.OIDC, path: "/userinfo", status: 404, script: withoutAddress},
		"an issuer's profile, too often":      {kind: realmconfig.OIDC, path: "/userinfo", status: 429, script: withoutAddress, away: true},
		"an issuer's profile in trouble":      {kind: realmconfig.OIDC, path: "/userinfo", status: 503, script: withoutAddress, away: true},
		"who it is, which is needed":          {kind: realmconfig.OAuth2, path: "/user", status: 403, away: true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			u := newUpstream(t)
			r, s := serveWith(t, u.provider("elsewhere", c.kind))
			signIn := func() answer {
				_, a := s.newBrowser().signIn("elsewhere", nil)
				return a
			}
			known := s.profileOf(s.tokensOf(signIn()).Access)
			u.script(func() {
				if c.script != nil {
					c.script(u)
				}
				u.instead[c.path] = func(w http.ResponseWriter, _ *http.Request) {
					for header, values := range c.header {
						w.Header()[header] = values
					}
					reply(w, c.status, map[string]string{"message": "Resource not accessible by integration"})
				}
			})
			if c.away {
				signIn().Expect(t, http.StatusServiceUnavailable, "provider_unavailable")
				return
			}
			if again := s.profileOf(s.tokensOf(signIn()).Access); again.ID != known.ID || again.Email != known.Email {
				t.Errorf("somebody known is %+v, was %+v", again, known)
			}
			u.script(func() { u.claims["sub"], u.claims["id"] = "subject-2", 4712 })
			a := signIn()
			a.Expect(t, http.StatusForbidden, "identity_refused")
			if a.Problem.Reason != "email_missing" {
				t.Errorf("a newcomer is told %s", a.Body)
			}
			r.Config.Providers[0].AllowedEmailDomains = []string{"example.com"}
			r.Update()
			u.script(func() { u.claims["sub"], u.claims["id"] = "subject-1", 4711 })
			s.eventually("no address is no address of a domain", func() bool { return signIn().Problem.Reason == "email_missing" })
		})
	}
}

// withoutAddress makes a provider keep the address out of its ID tokens.
func withoutAddress(u *upstream) {
	u.forge = func(_ *jwt.Token, c jwt.MapClaims) { delete(c, "email"); delete(c, "email_verified") }
}

// What nobody needs may be missing.
func TestAProfileMaySayNoMoreThanAnAddress(t *testing.T) {
	t.Parallel()
	for _, kind := range []realmconfig.ProviderType{realmconfig.OIDC, realmconfig.GitHub, realmconfig.OAuth2} {
		t.Run(fmt.Sprint(kind), func(t *testing.T) {
			t.Parallel()
			u := newUpstream(t)
			u.script(func() { delete(u.claims, "name"); delete(u.claims, "login") })
			_, s := serveWith(t, u.provider("elsewhere", kind))
			_, a := s.newBrowser().signIn("elsewhere", nil)
			if got := s.profileOf(s.tokensOf(a).Access); got.Email != "bob@example.com" || got.Name != "" {
				t.Errorf("the user is %+v", got)
			}
		})
	}
}
