// SPDX-License-Identifier: Apache-2.0

package authserver_test

import (
	"net/http"
	"testing"
	"time"

	"github.com/realmkeeper/realmkeeper/authserver/realmconfig"
)

// Some providers know no max_age, and say nothing of when their user signed in.
func TestAProviderIsAskedToLetItsUserSignInAgain(t *testing.T) {
	t.Parallel()
	u := newUpstream(t)
	r, s := serveWith(t, u.provider("elsewhere", realmconfig.OIDC))
	for name, c := range map[string]struct {
		query  string
		ago    time.Duration
		status int
		maxAge string
	}{
		"signed in just now":       {"?prompt=login", time.Second, http.StatusOK, "0"},
		"recognised":               {"?prompt=login", time.Hour, http.StatusServiceUnavailable, "0"},
		"recognised after a while": {"?prompt=login", 3 * time.Minute, http.StatusServiceUnavailable, "0"},
		"nothing said":             {"?prompt=login", 0, http.StatusOK, "0"},
		"nothing asked":            {"", time.Hour, http.StatusOK, ""},
		"something else asked":     {"?prompt=none", 0, http.StatusBadRequest, ""},
		"asked twice differently":  {"?prompt=login&prompt=none", 0, http.StatusBadRequest, ""},
	} {
		u.script(func() {
			u.last = nil
			delete(u.claims, "auth_time")
			if c.ago != 0 {
				u.claims["auth_time"] = r.Clock.Now().Add(-c.ago).Unix()
			}
		})
		_, a := s.newBrowser().follow(issuer + "/api/auth/oauth/elsewhere" + c.query)
		if a.Status != c.status || u.lastAsked().Get("max_age") != c.maxAge {
			t.Errorf("%s: answered %d %s to %v", name, a.Status, a.Body, u.lastAsked())
		}
		if a.Status == http.StatusOK {
			s.tokensOf(a)
		}
	}
}

// A provider that knows somebody since long ago has shown nothing new, which is what
// auth_time says: to a client that wants a young sign-in, and where proof is wanted.
func TestAProvidersWordIsAsOldAsItSays(t *testing.T) {
	t.Parallel()
	u := newUpstream(t)
	c := newWebClient()
	r := newRealmOfClients(t, c)
	r.withProviders(upstreamSecret, u.provider("elsewhere", realmconfig.OIDC))
	r.Clock.Stop()
	s := r.serve()
	for ago, young := range map[time.Duration]bool{0: true, 10 * time.Second: true, time.Hour: false, -time.Hour: true} {
		u.script(func() {
			delete(u.claims, "auth_time")
			if ago != 0 {
				u.claims["auth_time"] = r.Clock.Now().Add(-ago).Unix()
			}
		})
		b, f := s.newPageBrowser(), s.newApplication(c, "openid").newFlow()
		b.open("/signin/with/elsewhere")
		b.sees("/account", http.StatusOK)
		proof := s.as(s.pagesOf(b).Access, http.MethodPost, "/api/auth/2fa/enable", map[string]string{})
		if (proof.Status == http.StatusOK) != young {
			t.Errorf("%s ago: proof is wanted by %d %s", ago, proof.Status, proof.Body)
		}
		b.open(f.address(param("max_age", "60")))
		if (b.away != nil) != young {
			t.Errorf("%s ago: the client is answered: %t", ago, b.away != nil)
		}
		if !young {
			u.script(func() { delete(u.claims, "auth_time") }) // who signs in there again
			b.click("Continue with elsewhere")
		}
		want := r.Clock.Now().Unix()
		if young && ago > 0 {
			want = r.Clock.Now().Add(-ago).Unix()
		}
		if said := f.exchange(f.code(b)).claims["auth_time"]; said != float64(want) {
			t.Errorf("%s ago: auth_time is %v, not %d", ago, said, want)
		}
	}
}
