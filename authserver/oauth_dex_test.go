// SPDX-License-Identifier: Apache-2.0

package authserver_test

import (
	"encoding/json"
	"net/http"
	"net/url"
	"testing"

	"github.com/realmkeeper/realmkeeper/authserver/realmconfig"
	"github.com/realmkeeper/realmkeeper/internal/testenv"
	"github.com/realmkeeper/realmkeeper/internal/testenv/realmtest"
)

// appURL is the application that browsers are sent back to.
const appURL = "https://app.example.com/"

const callbackURL = issuer + "/api/auth/oauth/callback"

// withProviders adds providers, and the secret they all know us by. Where there
// are several, each has a callback of its own, unless it must name its issuer.
func (r *realm) withProviders(secret string, providers ...realmconfig.Provider) {
	r.t.Helper()
	suite.secrets.used(secret)
	secrets := map[string]string{}
	for i, p := range providers {
		providers[i].OwnCallback = p.OwnCallback || len(providers) > 1 && !p.RequireIssuer
		secrets[p.Name] = secret
	}
	r.Config.Browser.ReturnURLs = []string{appURL}
	r.AddProviders(secrets, providers...)
}

// member is what a profile says.
type member = realmtest.Profile

func (s *server) profileOf(access string) member {
	s.t.Helper()
	a, p := s.profile(access), member{}
	if err := json.Unmarshal([]byte(a.Body), &p); err != nil || a.Status != http.StatusOK {
		s.t.Fatalf("profile answered %d %s", a.Status, a.Body)
	}
	return p
}

// Dex is a provider that other people wrote: nothing here knows more of it than
// its issuer.
func TestSignInThroughDex(t *testing.T) {
	t.Parallel()
	ann := testenv.Person{ID: "ann-at-dex", Email: "Ann@example.com", Name: "Ann", Password: "the password of ann at dex"}
	dex := testenv.StartDex(t, callbackURL, ann)
	suite.secrets.used(ann.Password, ann.Email, "ann@example.com")
	r := newRealm(t)
	r.withProviders(dex.ClientSecret, realmconfig.Provider{
		Name: "dex", DisplayName: "Dex", Type: realmconfig.OIDC, ClientID: dex.ClientID, Issuer: dex.Issuer,
		SignUp: true, AllowPrivateNetworks: true,
	})
	s := r.serve()

	signIn := func(b *browser, start string) (string, answer) {
		t.Helper()
		address, page := b.follow(issuer + start)
		return b.submit(address, page, url.Values{"login": {ann.Email}, "password": {ann.Password}})
	}
	b := s.newBrowser()
	_, a := signIn(b, "/api/auth/oauth/dex")
	first := s.profileOf(s.tokensOf(a).Access)
	if first.Email != "ann@example.com" || first.Role != "user" || !first.EmailVerified || first.Name != "Ann" {
		t.Errorf("the newcomer is %+v", first)
	}

	address, _ := signIn(s.newBrowser(), "/api/auth/oauth/dex?return_to="+url.QueryEscape(appURL+"signed-in?tab=1"))
	back, err := url.Parse(address)
	if err != nil || back.Path != "/signed-in" || back.Query().Get("tab") != "1" || back.Query().Get("code") == "" {
		t.Fatalf("sent back to %s", address)
	}
	code := map[string]string{"code": back.Query().Get("code")}
	suite.secrets.used(code["code"])
	if again := s.profileOf(s.tokensOf(s.post("/api/auth/oauth/token", code)).Access); again.ID != first.ID {
		t.Errorf("the same identity is another user: %+v", again)
	}
	s.post("/api/auth/oauth/token", code).Expect(t, http.StatusBadRequest, "oauth_code_invalid")
	if n := query[int](r, "SELECT count(*) FROM users"); n != 2 {
		t.Errorf("there are %d users, want the admin and Ann", n)
	}
	if got := s.Metric(`realmkeeper_provider_sign_ins_total{outcome="succeeded",provider="dex"}`); got != "2" {
		t.Errorf("counted %q sign-ins, want 2", got)
	}
}

// Two real providers in one realm, each with the callback that it knows us by.
func TestSignInThroughEachOfTwo(t *testing.T) {
	t.Parallel()
	ann := testenv.Person{ID: "ann-at-dex", Email: "Ann@example.com", Name: "Ann", Password: "the password of ann at dex"}
	suite.secrets.used(ann.Password, ann.Email, "ann@example.com")
	provider := func(name, callback string) realmconfig.Provider {
		dex := testenv.StartDex(t, callback, ann)
		return realmconfig.Provider{
			Name: name, DisplayName: name, Type: realmconfig.OIDC, ClientID: dex.ClientID, Issuer: dex.Issuer,
			SignUp: true, LinkByEmail: true, AllowPrivateNetworks: true,
		}
	}
	r := newRealm(t)
	r.withProviders("secret of the client at dex", provider("alone", callbackURL), provider("apart", ownCallbackURL("apart")))
	r.Config.Providers[0].OwnCallback = false
	r.Update()
	s := r.serve()
	for _, name := range []string{"alone", "apart"} {
		b := s.newBrowser()
		address, page := b.follow(issuer + "/api/auth/oauth/" + name)
		_, a := b.submit(address, page, url.Values{"login": {ann.Email}, "password": {ann.Password}})
		if got := s.profileOf(s.tokensOf(a).Access); got.Email != "ann@example.com" {
			t.Errorf("through %s came %+v", name, got)
		}
	}
	if n := query[int](r, "SELECT count(*) FROM identities"); n != 2 {
		t.Errorf("Ann has %d identities, want one at each", n)
	}
}
