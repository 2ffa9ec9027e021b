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
		"signed in just now":      {"?prompt=login", time.Second, http.StatusOK, "0"},
		"recognised":              {"?prompt=login", time.Hour, http.StatusServiceUnavailable, "0"},
		"nothing said":            {"?prompt=login", 0, http.StatusOK, "0"},
		"nothing asked":           {"", time.Hour, http.StatusOK, ""},
		"something else asked":    {"?prompt=none", 0, http.StatusBadRequest, ""},
		"asked twice differently": {"?prompt=login&prompt=none", 0, http.StatusBadRequest, ""},
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
