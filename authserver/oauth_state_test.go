// SPDX-License-Identifier: Apache-2.0

package authserver_test

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/realmkeeper/realmkeeper/authserver/realmconfig"
	"github.com/realmkeeper/realmkeeper/internal/testenv/race"
)

func TestStateBelongsToItsBrowser(t *testing.T) {
	t.Parallel()
	u := newUpstream(t)
	r, s := serveWith(t, u.provider("elsewhere", realmconfig.OIDC))
	begin := func(b *browser) string {
		t.Helper()
		start := issuer + "/api/auth/oauth/elsewhere"
		a := b.get(start)
		cookie := a.Header.Get("Set-Cookie")
		for _, attribute := range []string{"__Host-rk-oauth-", "; Path=/", "; HttpOnly", "; Secure", "; SameSite=Lax"} {
			if !strings.Contains(cookie, attribute) {
				t.Errorf("the cookie lacks %s", attribute)
			}
		}
		if a.Header.Get("Referrer-Policy") != "no-referrer" || a.Header.Get("Cache-Control") != "no-store" {
			t.Errorf("headers are %v", a.Header)
		}
		authorize := b.location(start, a)
		return b.location(authorize, b.get(authorize))
	}
	victim, attacker := s.newBrowser(), s.newBrowser()
	callback := begin(victim)
	attacker.get(callback).Expect(t, http.StatusBadRequest, "state_invalid")
	begin(attacker) // has a cookie now, of its own
	attacker.get(callback).Expect(t, http.StatusBadRequest, "state_invalid")

	// Neither a look at it nor another tab's sign-in uses it up.
	other := begin(victim)
	head, err := victim.client.Head(callback)
	if err != nil || head.StatusCode != http.StatusMethodNotAllowed || head.Header.Get("Allow") != "GET" {
		t.Errorf("HEAD answered %v, %v", head, err)
	}
	s.tokensOf(victim.get(callback))
	s.tokensOf(victim.get(other))
	victim.get(callback).Expect(t, http.StatusBadRequest, "state_invalid")

	late := begin(victim)
	r.Clock.Advance(10 * time.Minute)
	victim.get(late).Expect(t, http.StatusBadRequest, "state_invalid")
	for name, path := range map[string]string{
		"nonsense": "?state=nonsense&code=x", "of another kind": "?state=rkr_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA&code=x",
	} {
		if a := victim.get(callbackURL + path); a.Problem.Code != "state_invalid" {
			t.Errorf("a state that is %s answered %d %s", name, a.Status, a.Body)
		}
	}
	victim.get(callbackURL+"?code=x").Expect(t, http.StatusBadRequest, "invalid_request")
	victim.get(issuer+"/api/auth/oauth/nobody").Expect(t, http.StatusNotFound, "provider_unknown")
}

// Fifty at once, many times over.
func TestStateAndCodeWorkOnce(t *testing.T) {
	t.Parallel()
	u := newUpstream(t)
	_, s := serveWith(t, u.provider("elsewhere", realmconfig.OIDC))
	for round := range 10 {
		b := s.newBrowser()
		start := issuer + "/api/auth/oauth/elsewhere?return_to=" + url.QueryEscape(appURL)
		authorize := b.location(start, b.get(start))
		callback := b.location(authorize, b.get(authorize))
		winners := together(50, func() answer { return b.get(callback) }, http.StatusFound)
		if len(winners) != 1 {
			t.Fatalf("round %d: %d callbacks went through", round, len(winners))
		}
		back, err := url.Parse(winners[0].Header.Get("Location"))
		if err != nil {
			t.Fatal(err)
		}
		code := map[string]string{"code": back.Query().Get("code")}
		suite.secrets.used(code["code"])
		winners = together(50, func() answer { return s.post("/api/auth/oauth/token", code) }, http.StatusOK)
		if len(winners) != 1 {
			t.Fatalf("round %d: %d exchanges went through", round, len(winners))
		}
		s.tokensOf(winners[0])
	}
}

// together calls often at once and returns the answers of one status.
func together(callers int, call func() answer, status int) []answer {
	return race.Winners(callers, func(int) answer { return call() }, func(a answer) bool { return a.Status == status })
}

func TestManySignInsOfANewcomerMakeOneUser(t *testing.T) {
	t.Parallel()
	u := newUpstream(t)
	r, s := serveWith(t, u.provider("elsewhere", realmconfig.OIDC))
	for round := range 5 {
		u.script(func() {
			u.claims["sub"], u.claims["email"] = fmt.Sprint("subject-", round), fmt.Sprintf("newcomer-%d@example.com", round)
		})
		signedIn := together(50, func() answer {
			_, a := s.newBrowser().signIn("elsewhere", nil)
			return a
		}, http.StatusOK)
		if len(signedIn) != 50 {
			t.Errorf("round %d: %d of 50 signed in", round, len(signedIn))
		}
		for _, a := range signedIn {
			s.tokensOf(a)
		}
		users := query[int](r, "SELECT count(*) FROM users WHERE role = 'user'")
		registered := query[int](r, "SELECT count(*) FROM audit_events WHERE action = 'user.registered'")
		if users != round+1 || registered != round+1 {
			t.Fatalf("round %d: there are %d users and %d registrations", round, users, registered)
		}
	}
}
