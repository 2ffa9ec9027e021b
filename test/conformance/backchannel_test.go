// SPDX-License-Identifier: Apache-2.0

package conformance

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"github.com/realmkeeper/realmkeeper/internal/testenv/eventually"
)

func TestBackchannelLogout(t *testing.T) {
	t.Parallel()
	for _, u := range providers() {
		t.Run(u.name, func(t *testing.T) {
			t.Parallel()
			told := make(chan url.Values, 10)
			party := basicClient
			party.backchannelURI = startLogoutListener(t, told) + "/backchannel_logout"
			u.start(t, []client{party}).run(t, "", []module{
				{"oidcc-backchannel-logout-discovery-endpoint-verification", backchannelDiscovery},
				{"oidcc-backchannel-rp-initiated-logout", backchannelLogout(told)},
			})
		})
	}
}

// startLogoutListener serves the address at which a client is told of sign-outs, and hands
// on the forms that come. It is on the same machine, where nobody reads along.
func startLogoutListener(t *testing.T, told chan<- url.Values) string {
	t.Helper()
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if err := r.ParseForm(); err != nil || r.Method != http.MethodPost || r.URL.RawQuery != "" {
			t.Errorf("told by %s %s: %v", r.Method, r.URL, err)
		}
		w.Header().Set("Cache-Control", "no-store")
		told <- r.PostForm
	}))
	t.Cleanup(s.Close)
	return s.URL
}

// backchannelDiscovery: a provider that tells clients of sign-outs says so, and names the
// session in what it says (OpenID Connect Back-Channel Logout 1.0, section 2.1).
func backchannelDiscovery(rp *relyingParty) {
	logoutDiscovery(rp)
	for _, name := range []string{"backchannel_logout_supported", "backchannel_logout_session_supported"} {
		if !rp.provider.metadata.says(name) {
			rp.t.Errorf("%s is %v", name, rp.provider.metadata[name])
		}
	}
}

// backchannelLogout signs out at one client, which is told of it behind the browser's back
// as well.
func backchannelLogout(told <-chan url.Values) func(rp *relyingParty) {
	return func(rp *relyingParty) {
		s := rp.signIn("state", randomText(stateLength))
		asked := rp.logoutRequest(s.ID)
		rp.cameBack(asked, rp.signOut(asked))
		select {
		case form := <-told:
			rp.checkLogoutToken(form, s)
		case <-time.After(eventually.Patience):
			rp.t.Fatal("nobody tells the client")
		}
		rp.isNotLoggedIn()
	}
}

// checkLogoutToken holds what a client was told against sections 2.4 to 2.6.
func (rp *relyingParty) checkLogoutToken(form url.Values, s session) {
	rp.t.Helper()
	if len(form) != 1 || len(form["logout_token"]) != 1 {
		rp.t.Errorf("the client is told %v", form)
	}
	claims := jwt.MapClaims{}
	token, err := jwt.ParseWithClaims(form.Get("logout_token"), claims, rp.keyOf,
		jwt.WithValidMethods([]string{"RS256"}), jwt.WithIssuer(rp.provider.issuer), jwt.WithAudience(rp.client.id), jwt.WithExpirationRequired(),
		jwt.WithIssuedAt(), jwt.WithTimeFunc(rp.provider.now), jwt.WithLeeway(time.Second))
	if err != nil {
		rp.t.Fatalf("the logout token: %v", err)
	}
	if token.Header["typ"] != "logout+jwt" {
		rp.t.Errorf("the logout token's header is %v", token.Header)
	}
	if at := timeOf(claims["iat"]); rp.provider.now().Sub(at).Abs() > clocksDiffer {
		rp.t.Errorf("the logout token was made at %s", at)
	}
	events, _ := claims["events"].(map[string]any)
	event, found := events["http://schemas.openid.net/event/backchannel-logout"].(map[string]any)
	if !found || len(event) != 0 || len(events) != 1 {
		rp.t.Errorf("events are %v", claims["events"])
	}
	if jti, _ := claims["jti"].(string); jti == "" {
		rp.t.Error("the logout token has no jti")
	}
	if _, found := claims["nonce"]; found {
		rp.t.Error("the logout token has a nonce")
	}
	sub, ofUser := claims["sub"]
	sid, ofSession := claims["sid"]
	if !ofUser && !ofSession || ofUser && sub != s.claims["sub"] || ofSession && sid != s.claims["sid"] {
		rp.t.Errorf("signed out is %v %v, signed in was %v %v", sub, sid, s.claims["sub"], s.claims["sid"])
	}
}
