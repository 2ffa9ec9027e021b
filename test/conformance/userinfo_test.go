// SPDX-License-Identifier: Apache-2.0

package conformance

import (
	"encoding/json"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/realmkeeper/realmkeeper/internal/testenv/realmtest"
)

// askUserInfo asks with an access token in the header.
func (rp *relyingParty) askUserInfo(method, access string) realmtest.Answer {
	rp.t.Helper()
	r := newRequest(rp.t, method, rp.provider.metadata.text("userinfo_endpoint"), nil)
	r.Header.Set("Authorization", "Bearer "+access)
	return send(rp.t, rp.http, r)
}

// userInfo is what the provider says of the user of a session.
func (rp *relyingParty) userInfo(s session) map[string]any {
	rp.t.Helper()
	return rp.userInfoOf(s, rp.askUserInfo(http.MethodGet, s.Access))
}

// userInfoOf reads an answer, which has to be about the user of the ID token (OpenID
// Connect Core 1.0, section 5.3.2).
func (rp *relyingParty) userInfoOf(s session, a realmtest.Answer) map[string]any {
	rp.t.Helper()
	claims := map[string]any{}
	if err := json.Unmarshal([]byte(a.Body), &claims); err != nil || a.Status != http.StatusOK || mediaType(a) != jsonType {
		rp.t.Fatalf("UserInfo answered %d %s", a.Status, a.Body)
	}
	if claims["sub"] != s.claims["sub"] {
		rp.t.Errorf("UserInfo is about %v, the ID token about %v", claims["sub"], s.claims["sub"])
	}
	rp.checkStandardClaims(claims)
	return claims
}

func userInfoGet(rp *relyingParty) {
	s := rp.signIn()
	rp.userInfoOf(s, rp.askUserInfo(http.MethodGet, s.Access))
}

func userInfoPostHeader(rp *relyingParty) {
	s := rp.signIn()
	rp.userInfoOf(s, rp.askUserInfo(http.MethodPost, s.Access))
}

func userInfoPostBody(rp *relyingParty) {
	s := rp.signIn()
	body := url.Values{"access_token": {s.Access}}
	rp.userInfoOf(s, send(rp.t, rp.http, newRequest(rp.t, http.MethodPost, rp.provider.metadata.text("userinfo_endpoint"), body)))
}

// scopeOf asks for a scope that stands for claims.
func scopeOf(scope string) func(rp *relyingParty) {
	return func(rp *relyingParty) {
		if !rp.provider.metadata.has("scopes_supported", scope) {
			rp.t.Skipf("OpenID Connect Core 1.0, section 5.4, leaves the scope %s to the provider, and discovery does not name it", scope)
		}
		rp.hasClaimsOf(rp.signIn("scope", "openid "+scope), scope)
	}
}

// scopeAll asks for all scopes of section 5.4 at once. Those that the provider does not
// know, it has to leave alone (RFC 6749, section 3.3).
func scopeAll(rp *relyingParty) {
	rp.hasClaimsOf(rp.signIn("scope", "openid email phone address profile"), "email", "phone", "address", "profile")
}

// hasClaimsOf fails the test unless UserInfo has the claims of these scopes that the
// provider knows, and none of other scopes.
func (rp *relyingParty) hasClaimsOf(s session, scopes ...string) {
	rp.t.Helper()
	claims := rp.userInfo(s)
	for scope, names := range standardClaims() {
		for _, name := range names {
			_, found := claims[name]
			granted := slices.Contains(scopes, scope)
			if found && !granted || !found && granted && rp.provider.metadata.has("claims_supported", name) {
				rp.t.Errorf("for the scopes %q, UserInfo is %v", strings.Join(scopes, " "), claims)
			}
		}
	}
}

// claimsEssential asks by name for a claim that no scope of the request stands for
// (section 5.5), at UserInfo and nowhere else.
func claimsEssential(rp *relyingParty) {
	s := rp.signIn("claims", `{"userinfo":{"name":{"essential":true}}}`)
	if rp.provider.metadata.says("claims_parameter_supported") && rp.userInfo(s)["name"] == nil {
		rp.t.Error("UserInfo has no name")
	}
	if s.claims["name"] != nil {
		rp.t.Error("the ID token has a name")
	}
}
