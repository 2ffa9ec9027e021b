// SPDX-License-Identifier: Apache-2.0

package authserver_test

import (
	"net/http"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"github.com/realmkeeper/realmkeeper/authserver/realmconfig"
	"github.com/realmkeeper/realmkeeper/internal/testenv/realmfolder"
)

// A profile may come as a JWT (OpenID Connect Core 1.0, section 5.3.2). It counts when
// it is the issuer's, for this client and of who the ID token is of.
func TestSignedProfilesAreVerified(t *testing.T) {
	t.Parallel()
	claim := func(name string, value any) func(*upstream) {
		return func(u *upstream) {
			u.signUserInfo = func(_ *jwt.Token, c jwt.MapClaims) {
				c[name] = value
				if value == nil {
					delete(c, name)
				}
			}
		}
	}
	method := func(method jwt.SigningMethod) func(*upstream) {
		return func(u *upstream) { u.signUserInfo = func(t *jwt.Token, _ jwt.MapClaims) { sign(t, method) } }
	}
	offers := func(algorithms ...string) func(*upstream) {
		return func(u *upstream) {
			u.metadata = func(d map[string]any) { d["userinfo_signing_alg_values_supported"] = algorithms }
		}
	}
	for name, c := range map[string]struct {
		script func(*upstream)
		good   bool
	}{
		"as it should be":              {good: true},
		"for several clients":          {claim("aud", []string{"another", "client"}), true},
		"still good":                   {claim("exp", time.Now().Add(time.Hour).Unix()), true},
		"signed as is offered":         {offers("ES256", "none"), true},
		"of another issuer":            {claim("iss", "https://evil.example"), false},
		"of no issuer":                 {claim("iss", nil), false},
		"for another client":           {claim("aud", "another"), false},
		"for no client":                {claim("aud", nil), false},
		"of another user":              {claim("sub", "another"), false},
		"of no user":                   {claim("sub", nil), false},
		"out of date":                  {claim("exp", time.Now().Add(-time.Hour).Unix()), false},
		"of the future":                {claim("nbf", time.Now().Add(time.Hour).Unix()), false},
		"not signed":                   {method(jwt.SigningMethodNone), false},
		"signed with our secret":       {method(jwt.SigningMethodHS256), false},
		"signed in another way":        {offers("RS256"), false},
		"signed in no way that is one": {offers("none", "HS256"), false},
		"signed with another key": {func(u *upstream) {
			u.signUserInfo = func(t *jwt.Token, _ jwt.MapClaims) {
				foreign := realmfolder.NewKey(realmconfig.ES256)
				foreign.KID, u.key = u.key.KID, foreign
			}
		}, false},
		"JSON that calls itself signed": {func(u *upstream) {
			u.instead["/userinfo"] = func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("Content-Type", "application/jwt")
				_, _ = w.Write([]byte(`{"sub": "subject-1", "email": "bob@example.com", "email_verified": true}`))
			}
		}, false},
		"encrypted": {func(u *upstream) {
			u.instead["/userinfo"] = func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("Content-Type", "application/jwt; charset=utf-8")
				_, _ = w.Write([]byte("eyJhbGciOiJSU0EtT0FFUCIsImVuYyI6IkEyNTZHQ00ifQ.AA.AA.AA.AA"))
			}
		}, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			u := newUpstream(t)
			u.script(func() {
				withoutAddress(u)
				u.signUserInfo = func(*jwt.Token, jwt.MapClaims) {}
				if c.script != nil {
					c.script(u)
				}
			})
			r, s := serveWith(t, u.provider("elsewhere", realmconfig.OIDC))
			_, a := s.newBrowser().signIn("elsewhere", nil)
			if u.count("/userinfo") != 1 {
				t.Errorf("the profile was read %d times", u.count("/userinfo"))
			}
			if !c.good {
				a.Expect(t, http.StatusServiceUnavailable, "provider_unavailable")
				if n := query[int](r, "SELECT count(*) FROM users"); n != 1 {
					t.Errorf("there are %d users, want the admin alone", n)
				}
				return
			}
			if got := s.profileOf(s.tokensOf(a).Access); got.Email != "bob@example.com" || !got.EmailVerified || got.Name != "Bob" {
				t.Errorf("the user is %+v", got)
			}
		})
	}
}

// Where one endpoint serves every tenant, the profile is of the tenant that the ID
// token is of.
func TestASignedProfileIsOfTheTenant(t *testing.T) {
	t.Parallel()
	const tenant, other = "9188040d-6c67-4c5b-b112-36a304b66dad", "9188040d-6c67-4c5b-b112-36a304b66dae"
	for says, status := range map[string]int{tenant: http.StatusOK, other: http.StatusServiceUnavailable} {
		u := newUpstream(t)
		u.script(func() {
			u.metadata = func(d map[string]any) { d["issuer"] = u.server.URL + "/{tenantid}/v2.0" }
			u.claims["iss"], u.claims["tid"], u.claims["xms_edov"] = u.server.URL+"/"+tenant+"/v2.0", tenant, true
			withoutAddress(u)
			u.signUserInfo = func(_ *jwt.Token, c jwt.MapClaims) { c["iss"] = u.server.URL + "/" + says + "/v2.0" }
		})
		_, s := serveWith(t, u.provider("elsewhere", realmconfig.Microsoft))
		if _, a := s.newBrowser().signIn("elsewhere", nil); a.Status != status {
			t.Errorf("a profile of %s is answered %d %s", says, a.Status, a.Body)
		}
	}
}
