// SPDX-License-Identifier: Apache-2.0

package peers

import (
	"net/http"
	"slices"
	"testing"

	"github.com/realmkeeper/realmkeeper/authserver/realmconfig"
)

// claims are what an application has read of an ID token, and of UserInfo where it asks.
type claims struct {
	Issuer   string `json:"iss"`
	Subject  string `json:"sub"`
	Name     string
	Email    string
	Verified bool     `json:"email_verified"`
	AuthTime int64    `json:"auth_time"`
	Session  string   `json:"sid"`
	Groups   []string // fails to decode unless it is a list
	UserInfo *claims
}

// isAnn fails the test unless they are of Ann in these groups.
func (c claims) isAnn(t *testing.T, r *realm, groups ...string) {
	t.Helper()
	for source, c := range map[string]*claims{"the ID token": &c, "UserInfo": c.UserInfo} {
		if c != nil && (c.Subject != r.ann || c.Email != userEmail || !c.Verified || c.Name != "Ann Lee" || !slices.Equal(c.Groups, groups)) {
			t.Errorf("%s says %+v", source, *c)
		}
	}
}

// An application made for these tests has four pages: / tells who is signed in, and
// /signin, /refresh and /signout do what they are called.
func (r *realm) signsInAndOut(c client) {
	r.t.Helper()
	v := r.newVisitor()
	v.open(c.origin + "/")
	v.isAt(c.origin+"/", http.StatusUnauthorized)
	v.open(c.origin + "/signin")
	v.signsIn()
	if c.Type == realmconfig.PublicClient { // on the visitor's own machine
		v.submit("/oauth2/decision", map[string]string{"answer": "allow"})
	}
	v.isAt(c.origin+"/", http.StatusOK)
	first := decode[claims](v)
	first.isAnn(r.t, r, "platform", "shop")
	if first.Issuer != r.Config.Issuer {
		r.t.Errorf("the issuer is %s", first.Issuer)
	}

	r.leave("shop")
	v.open(c.origin + "/refresh")
	v.isAt(c.origin+"/", http.StatusOK)
	again := decode[claims](v)
	again.isAnn(r.t, r, "platform")
	if again.AuthTime != first.AuthTime || again.Session != first.Session {
		r.t.Errorf("after a refresh, the ID token says %+v, before %+v", again, first)
	}

	v.open(c.origin + "/signout")
	v.isAt(c.origin+"/", http.StatusUnauthorized)
	v.open(c.origin + "/signin")
	v.isAt(r.Config.Issuer+"/signin", http.StatusOK) // of the realm too
}
