// SPDX-License-Identifier: Apache-2.0

package conformance

import (
	"crypto/rand"
	"crypto/rsa"
	"encoding/base64"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/golang-jwt/jwt/v5"
)

func TestRPInitiatedLogout(t *testing.T) {
	t.Parallel()
	const hint, to, state = "id_token_hint", "post_logout_redirect_uri", "state"
	runModules(t, "", []module{
		{"oidcc-rp-initiated-logout-discovery-endpoint-verification", logoutDiscovery},
		{"oidcc-rp-initiated-logout", comesBack()},
		{"oidcc-rp-initiated-logout-bad-post-logout-redirect-uri", stays(to, signedOutURI+unregisteredPath)},
		{"oidcc-rp-initiated-logout-modified-id-token-hint", staysForHint(withoutSignature)},
		{"oidcc-rp-initiated-logout-no-id-token-hint", stays(hint, "")},
		{"oidcc-rp-initiated-logout-no-params", signsOut(hint, "", to, "", state, "")},
		{"oidcc-rp-initiated-logout-no-post-logout-redirect-uri", signsOut(to, "")},
		{"oidcc-rp-initiated-logout-no-state", comesBack(state, "")},
		{"oidcc-rp-initiated-logout-only-state", signsOut(hint, "", to, "")},
		{"oidcc-rp-initiated-logout-query-added-to-post-logout-redirect-uri", stays(to, signedOutURI+"?foo=bar")},
		{"oidcc-rp-initiated-logout-bad-id-token-hint", staysForHint(ofAnotherIssuer)},
	})
}

func logoutDiscovery(rp *relyingParty) {
	rp.checkMembers(rp.provider.metadata)
	if rp.provider.metadata.text("end_session_endpoint") == "" {
		rp.t.Error("discovery has no end_session_endpoint")
	}
}

// logoutRequest is one to end a session (OpenID Connect RP-Initiated Logout 1.0, section
// 2), changed by pairs of name and value; an empty value takes a parameter out.
func (rp *relyingParty) logoutRequest(idToken string, changes ...string) url.Values {
	values := url.Values{
		"id_token_hint": {idToken}, "post_logout_redirect_uri": {signedOutURI}, "state": {randomText(stateLength)},
	}
	for pair := range slices.Chunk(changes, 2) {
		if values.Set(pair[0], pair[1]); pair[1] == "" {
			values.Del(pair[0])
		}
	}
	return values
}

// signOut sends the browser to the provider to be signed out, and agrees if it asks.
func (rp *relyingParty) signOut(values url.Values) *http.Request {
	rp.t.Helper()
	address := rp.provider.metadata.text("end_session_endpoint")
	if len(values) > 0 {
		address = withQuery(address, values)
	}
	return rp.browser.open(address)
}

// comesBack signs out with a request that everything is right with. The browser comes back
// with the state and nothing else, and nobody is signed in.
func comesBack(changes ...string) func(rp *relyingParty) {
	return func(rp *relyingParty) {
		asked := rp.logoutRequest(rp.signIn("state", randomText(stateLength)).ID, changes...)
		rp.cameBack(asked, rp.signOut(asked))
		rp.isNotLoggedIn()
	}
}

func (rp *relyingParty) cameBack(asked url.Values, r *http.Request) {
	rp.t.Helper()
	if r == nil {
		rp.t.Fatalf("the browser does not come back from %s", rp.browser.text())
	}
	got := r.URL.Query()
	r.URL.RawQuery = ""
	if r.Method != http.MethodGet || r.URL.String() != signedOutURI || got.Get("state") != asked.Get("state") || len(got) != len(asked["state"]) {
		rp.t.Errorf("the browser came back by %s %s with %v", r.Method, r.URL, got)
	}
}

// signsOut signs out with a request that does not say where to go. Nobody is signed in
// afterwards, and a page says so.
func signsOut(changes ...string) func(rp *relyingParty) {
	return func(rp *relyingParty) {
		asked := rp.logoutRequest(rp.signIn().ID, changes...)
		rp.staysAtProvider(rp.signOut(asked))
		if last := rp.browser.shown[len(rp.browser.shown)-1]; last.Status != http.StatusOK {
			rp.t.Errorf("answered %d: %s", last.Status, rp.browser.text())
		}
		rp.isNotLoggedIn()
	}
}

// stays signs out with a request that nobody may be sent anywhere for, whatever the person
// at the browser agrees to.
func stays(changes ...string) func(rp *relyingParty) {
	return func(rp *relyingParty) {
		rp.staysAtProvider(rp.signOut(rp.logoutRequest(rp.signIn().ID, changes...)))
	}
}

// staysForHint does so with a hint that is made of a good one.
func staysForHint(forge func(rp *relyingParty, idToken string) string) func(rp *relyingParty) {
	return func(rp *relyingParty) {
		rp.staysAtProvider(rp.signOut(rp.logoutRequest(forge(rp, rp.signIn().ID))))
	}
}

// withoutSignature is an ID token that says that it needs none.
func withoutSignature(_ *relyingParty, idToken string) string {
	claims := strings.Split(idToken, ".")[1]
	return base64.RawURLEncoding.EncodeToString([]byte(`{"alg": "none"}`)) + "." + claims + "."
}

// ofAnotherIssuer is an ID token that the client has made itself.
func ofAnotherIssuer(rp *relyingParty, _ string) string {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		rp.t.Fatal(err)
	}
	now := rp.provider.now()
	token, err := jwt.NewWithClaims(jwt.SigningMethodRS256, jwt.MapClaims{
		"iss": rp.client.id, "sub": "SubjectID", "aud": rp.provider.issuer, "nonce": "flibble", "iat": now.Unix(), "exp": now.Add(clocksDiffer).Unix(),
	}).SignedString(key)
	if err != nil {
		rp.t.Fatal(err)
	}
	return token
}
