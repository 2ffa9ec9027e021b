// SPDX-License-Identifier: Apache-2.0

package authserver_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/realmkeeper/realmkeeper/authserver/realmconfig"
)

// newGuardedRealm demands something of its admins.
func newGuardedRealm(t *testing.T, demanded realmconfig.Administration) (*realm, *server) {
	t.Helper()
	r := newRealm(t)
	r.Config.Administration = &demanded
	r.Update()
	return r, r.serve()
}

func TestTheAdminAPIDemandsTwoFactors(t *testing.T) {
	t.Parallel()
	r, s := newGuardedRealm(t, realmconfig.Administration{ACR: "2", MaxAge: realmconfig.Duration(time.Hour)})
	access := s.login().Access
	refused := s.as(access, http.MethodGet, "/api/admin/users", nil)
	refused.Expect(t, http.StatusForbidden, "insufficient_user_authentication")
	if got := refused.Header.Get("WWW-Authenticate"); !strings.HasPrefix(got, `Bearer realm="`+issuer+`", error="insufficient_user_authentication", `) ||
		!strings.HasSuffix(got, `, acr_values="2", max_age="3600"`) {
		t.Errorf("the challenge is %s", got)
	}
	said := decode[struct {
		ACR    string `json:"acr_values"`
		MaxAge int    `json:"max_age"`
	}](t, refused, http.StatusForbidden)
	if said.ACR != "2" || said.MaxAge != 3600 {
		t.Errorf("the problem says %+v", said)
	}
	s.as(access, http.MethodPost, "/api/admin/users", map[string]any{"email": annEmail, "role": "admin", "current_password": adminPassword}).
		Expect(t, http.StatusForbidden, "insufficient_user_authentication")
	if n := query[int](r, "SELECT count(*) FROM users"); n != 1 {
		t.Errorf("there are %d users", n)
	}
	if n := query[int](r, "SELECT count(*) FROM audit_events WHERE action = 'user.created' AND outcome = 'insufficient_user_authentication'"); n != 1 {
		t.Errorf("%d events tell of it", n)
	}

	// A password makes no second factor of the first; a code does, for this token.
	app := s.enrol(access)
	prove := func(proof map[string]string) string {
		t.Helper()
		proven := decode[struct {
			Access string `json:"access_token"`
		}](t, s.as(access, http.MethodPost, "/api/auth/proof", proof), http.StatusOK)
		suite.secrets.used(proven.Access)
		return proven.Access
	}
	s.as(prove(password(adminPassword)), http.MethodGet, "/api/admin/users", nil).Expect(t, http.StatusForbidden, "insufficient_user_authentication")
	raised := prove(code(s.shown(app.Secret)))
	if claims := claimsOf(t, raised); claims["acr"] != "2" {
		t.Errorf("the token says %v", claims)
	}
	s.as(raised, http.MethodGet, "/api/admin/users", nil).Expect(t, http.StatusOK, "")
	s.as(access, http.MethodGet, "/api/admin/users", nil).Expect(t, http.StatusForbidden, "insufficient_user_authentication")
	s.nextStep()

	session := s.tokensOf(s.validate(s.challenged(), s.shown(app.Secret)))
	ann := s.createUser(session.Access, annEmail, "user")
	r.Clock.Advance(2 * time.Hour)
	session = s.refresh(session.Refresh)
	s.as(session.Access, http.MethodGet, "/api/admin/users/"+ann.ID, nil).Expect(t, http.StatusForbidden, "insufficient_user_authentication")

	// Whoever is no admin learns nothing of what one needs.
	anns := s.tokensOf(s.tryLogin(annEmail, strangerPassword)).Access
	s.as(anns, http.MethodGet, "/api/admin/users", nil).Expect(t, http.StatusForbidden, "permission_denied")

	// Without an age, two factors are enough whenever they were shown.
	r.Config.Administration.MaxAge = 0
	r.Update()
	s.eventually("the age is wanted no more", func() bool {
		return s.as(session.Access, http.MethodGet, "/api/admin/users", nil).Status == http.StatusOK
	})
}

// An old first factor is none beside a new code.
func TestAProofCountsTheFactorsOfADay(t *testing.T) {
	t.Parallel()
	r, s := newGuardedRealm(t, realmconfig.Administration{ACR: "2"})
	session := s.login()
	app := s.enrol(session.Access)
	r.Clock.Advance(13 * time.Hour)
	session = s.refresh(session.Refresh)
	proven := decode[struct {
		Access string `json:"access_token"`
	}](t, s.as(session.Access, http.MethodPost, "/api/auth/proof", code(s.shown(app.Secret))), http.StatusOK)
	suite.secrets.used(proven.Access)
	if claims := claimsOf(t, proven.Access); claims["acr"] != "1" {
		t.Errorf("the token says %v", claims)
	}
	s.as(proven.Access, http.MethodGet, "/api/admin/users", nil).Expect(t, http.StatusForbidden, "insufficient_user_authentication")
}

// Whoever has found out the password of an admin, or reads their mail, reaches no two factors by one
// of their own.
func TestAnAdminsFactorsAreChangedByThoseThatThereAre(t *testing.T) {
	t.Parallel()
	r, s := newGuardedRealm(t, realmconfig.Administration{ACR: "2"})
	r.Config.Passkeys = &realmconfig.Passkeys{}
	r.Update()
	s.takesUp()
	d := newDevice(t)
	first := s.setUpPasskey(s.login().Access, d) // there is nothing yet
	thief := s.login().Access
	refused := func(typed map[string]string, acts ...string) {
		t.Helper()
		for _, act := range acts {
			method, path, _ := strings.Cut(act, " ")
			s.as(thief, method, path, typed).Expect(t, http.StatusForbidden, "insufficient_user_authentication")
		}
	}
	const enable, disable = "POST /api/auth/2fa/enable", "POST /api/auth/2fa/disable"
	remove := "DELETE /api/user/passkeys/" + first.ID
	refused(map[string]string{}, enable, remove, "POST /api/user/passkeys/begin")
	refused(password(adminPassword), enable, remove, "POST /api/user/passkeys/begin")

	asked := s.askCeremony(thief, beginProof, nil)
	owner := s.proves(thief, map[string]string{"ceremony": asked.Ceremony, "credential": d.get(asked)}).Access
	app := s.enrol(owner)
	refused(password(adminPassword), disable, remove, "POST /api/auth/2fa/backup-codes")
	if n := query[int](r, "SELECT (SELECT count(*) FROM second_factors WHERE verified_at IS NOT NULL) + (SELECT count(*) FROM passkeys)"); n != 2 {
		t.Errorf("there are %d", n)
	}
	s.as(thief, http.MethodPost, "/api/auth/2fa/disable", code(s.shown(app.Secret))).Expect(t, http.StatusOK, "")

	// On the pages, too: they lead to the passkey.
	b := s.newPageBrowser()
	b.signIn(adminEmail, adminPassword)
	b.submit("/account/two-factor", nil)
	b.sees(stepUpPath, http.StatusOK, "passkey")
}

// A passkey of the host that the realm had before is nothing to ask for.
func TestAPasskeyOfAnotherHostIsAskedOfNobody(t *testing.T) {
	t.Parallel()
	r, s := newGuardedRealm(t, realmconfig.Administration{ACR: "2"})
	r.Config.Passkeys = &realmconfig.Passkeys{}
	r.Update()
	s.takesUp()
	s.setUpPasskey(s.login().Access, newDevice(t))
	r.Exec("UPDATE passkeys SET rp_id = 'old.example.com'")
	b := s.newPageBrowser()
	b.signIn(adminEmail, adminPassword)
	b.open("/admin/users")
	b.sees(stepUpPath, http.StatusOK, "A second factor is needed")
	s.enrol(s.login().Access)
}

// Two codes of one device are no two factors, either.
func TestASecondCodeMakesNoTwoFactorsOfAnOldOne(t *testing.T) {
	t.Parallel()
	r, s := newGuardedRealm(t, realmconfig.Administration{ACR: "2"})
	session := s.login()
	app := s.enrol(session.Access)
	r.Clock.Advance(13 * time.Hour)
	access := s.refresh(session.Refresh).Access
	for range 2 {
		access = s.proves(access, code(s.shown(app.Secret))).Access
		s.nextStep()
		if claims := claimsOf(t, access); claims["acr"] != "1" {
			t.Errorf("the token says %v", claims)
		}
	}
	access = s.proves(access, password(adminPassword)).Access
	if claims := claimsOf(t, s.proves(access, code(s.shown(app.Secret))).Access); claims["acr"] != "2" {
		t.Errorf("beside the password, the token says %v", claims)
	}
}

// The first admin of a realm has no second factor yet: the pages lead them to one, and back.
func TestAdminPagesLeadToASecondFactorAndBack(t *testing.T) {
	t.Parallel()
	r, s := newGuardedRealm(t, realmconfig.Administration{ACR: "2"})
	b, other := s.newPageBrowser(), s.newPageBrowser()
	other.signIn(adminEmail, adminPassword)
	b.signIn(adminEmail, adminPassword)
	b.sees("/account", http.StatusOK) // nobody is kept from their own account
	for _, page := range []string{"/admin/users", "/admin/users/new", "/admin/groups", "/admin/audit", "/admin/audit?email=nonsense"} {
		b.open(page)
		b.sees(stepUpPath, http.StatusOK, "A second factor is needed")
	}
	b.submit(stepUpPath, nil)
	b.sees("/account", http.StatusOK)
	b.open("/admin/users?q=admin")
	r.Clock.Advance(longAgo)
	secret := b.setsUpApp(s, adminPassword)
	b.submit("/signin/code", code(s.shown(secret)))
	if b.at.RequestURI() != "/admin/users?q=admin" || b.status != http.StatusOK {
		t.Fatalf("is at %s with %d:\n%s", b.at, b.status, b.text())
	}
	s.nextStep()

	// Another session of theirs, which has begun before, shows the code alone.
	other.open("/admin/groups")
	other.sees(stepUpPath, http.StatusOK, "Enter your code")
	other.submit("/signin/code", code(s.shown(secret)))
	other.sees("/admin/groups", http.StatusOK)
}

// A sign-in that is too long ago is done again, also where a form was sent.
func TestAdminPagesLeadToAFreshSignInAndBack(t *testing.T) {
	t.Parallel()
	r, s := newGuardedRealm(t, realmconfig.Administration{MaxAge: realmconfig.Duration(time.Hour)})
	ann := s.createUser(s.login().Access, annEmail, "user")
	b, page := s.newPageBrowser(), "/admin/users/"+ann.ID
	b.signIn(adminEmail, adminPassword)
	b.open(page)
	b.sees(page, http.StatusOK)
	r.Clock.Advance(2 * time.Hour)
	b.submit(page+"/disable", nil)
	b.sees("/signin", http.StatusOK)
	if got := query[int](r, "SELECT count(*) FROM users WHERE disabled_at IS NOT NULL"); got != 0 {
		t.Error("the user is disabled")
	}
	b.submit("/signin", map[string]string{"email": adminEmail, "password": wrongPassword})
	b.submit("/signin", map[string]string{"email": adminEmail, "password": adminPassword})
	b.sees(page, http.StatusOK)
	b.submit(page+"/disable", nil)
	b.sees(page, http.StatusOK, "The user")

	// Whoever is no admin is refused, and not sent anywhere.
	s.as(s.login().Access, http.MethodPatch, "/api/admin/users/"+ann.ID, map[string]any{"disabled": false}).Expect(t, http.StatusOK, "")
	other := s.newPageBrowser()
	other.signIn(annEmail, strangerPassword)
	other.open("/admin/users")
	other.sees("/admin/users", http.StatusForbidden)
}

// A gateway that asks with a token demands what it likes, and a visitor nothing.
func TestGatewaysDemandASignInOfATokensUser(t *testing.T) {
	t.Parallel()
	c := newWebClient()
	r := newRealmOfClients(t, c)
	s := r.serve()
	one := s.login()
	clients := s.newApplication(c, "openid").newFlow().signIn(s.newPageBrowser()).AccessToken
	app := s.enrol(one.Access)
	two := s.tokensOf(s.validate(s.challenged(), s.shown(app.Secret)))
	const taken = "&client=apps.shop"
	for name, c := range map[string]struct {
		query, access string
		status        int
		code          string
	}{
		"one factor of one":         {"acr=1", one.Access, 200, ""},
		"one factor of two":         {"acr=2", one.Access, 403, "insufficient_user_authentication"},
		"two factors":               {"acr=2", two.Access, 200, ""},
		"two factors of one":        {"acr=1", two.Access, 200, ""},
		"recently":                  {"acr=2&max_age=300", two.Access, 200, ""},
		"a client's, one of one":    {"acr=1&max_age=300" + taken, clients, 200, ""},
		"a client's, one of two":    {"acr=2" + taken, clients, 403, "insufficient_user_authentication"},
		"a role, and one of two":    {"acr=2&role=admin", one.Access, 403, "insufficient_user_authentication"},
		"a class that nobody knows": {"acr=3", two.Access, 400, "invalid_request"},
		"no class":                  {"acr=", two.Access, 400, "invalid_request"},
		"two classes":               {"acr=1&acr=2", two.Access, 400, "invalid_request"},
		"no age":                    {"max_age=", two.Access, 400, "invalid_request"},
		"no time at all":            {"max_age=0", two.Access, 400, "invalid_request"},
		"an age before":             {"max_age=-300", two.Access, 400, "invalid_request"},
		"an age beyond all":         {"max_age=99999999999999999999", two.Access, 400, "invalid_request"},
		"two ages":                  {"max_age=300&max_age=400", two.Access, 400, "invalid_request"},
	} {
		a := s.forward(http.MethodGet, "/api/auth/verify?"+c.query, c.access)
		a.Expect(t, c.status, c.code)
		if demanded := strings.Contains(a.Header.Get("WWW-Authenticate"), `acr_values="2"`); demanded != (c.status == 403) {
			t.Errorf("%s: the challenge is %q", name, a.Header.Get("WWW-Authenticate"))
		}
	}
	s.forward(http.MethodGet, "/api/auth/verify/some/page?acr=2", one.Access).Expect(t, http.StatusOK, "") // the visitor's query
	r.Clock.Advance(10 * time.Minute)
	s.forward(http.MethodGet, "/api/auth/verify?max_age=300", two.Access).Expect(t, http.StatusForbidden, "insufficient_user_authentication")
}

// A visitor who asks for less, or for somewhere else, by the address where they sign in gains
// nothing, and one who cannot do more is not sent round.
func TestVisitorsOfAGatewayDemandNothing(t *testing.T) {
	t.Parallel()
	s := newRealmOfClients(t, gatedClients()...).serve()
	b := s.newGatedBrowser(through("?acr=2"))
	b.open(reportsURL + "/_realm/signin?" + url.Values{"acr": {"1"}, "to": {"/x"}}.Encode())
	b.submit("/signin", map[string]string{"email": adminEmail, "password": adminPassword})
	b.sees(stepUpPath, http.StatusOK, "A second factor is needed") // the gateway has asked again
	for _, to := range []string{"//evil.example/", "https://evil.example/", "/\\evil.example"} {
		b.open(reportsURL + "/_realm/signin?" + url.Values{"acr": {"2"}, "to": {to}}.Encode())
		b.sees(stepUpPath, http.StatusOK)
		b.submit(stepUpPath, nil)
		b.sees(callbackPath, http.StatusForbidden, "two-factor sign-in")
	}
}
