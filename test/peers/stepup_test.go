// SPDX-License-Identifier: Apache-2.0

package peers

import (
	"net/http"
	"net/url"
	"slices"
	"testing"
	"time"

	"github.com/realmkeeper/realmkeeper/internal/testenv"
)

// An application with openid-client asks for a stronger, and for a fresh, sign-in. The library
// itself holds auth_time against the max_age that it has asked for.
func TestOpenIDClientStepsUp(t *testing.T) {
	t.Parallel()
	c := newClient(t)
	r := newRealm(t, c)
	testenv.NewNode(t).Serve(r.program(c, "openid-client.mjs"))
	v := r.newVisitor()
	signsIn := func(asked url.Values) { v.open(c.origin + "/signin?" + asked.Encode()) }
	signsIn(nil)
	v.signsIn()
	is := func(acr string, amr ...string) (said signedIn) {
		t.Helper()
		v.isAt(c.origin+"/", http.StatusOK)
		said = decode[signedIn](v)
		if said.ACR != acr || !slices.Equal(said.AMR, amr) {
			t.Errorf("the ID token says %+v", said)
		}
		return said
	}
	first := is("1", "pwd")

	signsIn(url.Values{"acr_values": {"2"}})
	v.isAt(r.Config.Issuer+"/signin/step-up", http.StatusOK)
	v.submit("/signin/step-up", nil)
	refusal := struct{ Error string }{}
	if decodeAs(v, http.StatusBadGateway, &refusal); refusal.Error != "unmet_authentication_requirements" {
		t.Errorf("the application is told %+v", refusal)
	}

	app := r.server.NewApp()
	if err := app.LogIn(t.Context(), userEmail, password); err != nil {
		t.Fatal(err)
	}
	e, err := app.EnrolAuthenticator(t.Context())
	if err == nil {
		err = app.ConfirmAuthenticator(t.Context(), testenv.AppCode(t, e.Secret, r.Clock.Now()))
	}
	if err != nil {
		t.Fatal(err)
	}
	code := func() map[string]string {
		r.Clock.Advance(30 * time.Second)
		return map[string]string{"code": testenv.AppCode(t, e.Secret, r.Clock.Now())}
	}
	signsIn(url.Values{"acr_values": {"2"}})
	v.isAt(r.Config.Issuer+"/signin/step-up", http.StatusOK)
	v.submit("/signin/code", code())
	if second := is("2", "pwd", "otp", "mfa"); second.Session != first.Session || second.AuthTime <= first.AuthTime {
		t.Errorf("the session was %+v and is %+v", first, second)
	}

	signsIn(url.Values{"acr_values": {"2"}, "max_age": {"0"}})
	v.signsIn()
	v.submit("/signin/code", code())
	is("2", "pwd", "otp", "mfa")
}

// signedIn is what the ID token says of the sign-in.
type signedIn struct {
	ACR      string
	AMR      []string
	AuthTime int64  `json:"auth_time"`
	Session  string `json:"sid"`
}
