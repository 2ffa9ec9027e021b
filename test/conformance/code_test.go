// SPDX-License-Identifier: Apache-2.0

package conformance

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"
)

func codeReuse(rp *relyingParty) {
	s := rp.signIn()
	rp.refusedToken(rp.token(rp.redemption(s.code)))
}

// codeReuseLater: whoever shows a code again after half a minute has found it somewhere,
// and what it was exchanged for is worth nothing any more (RFC 6749, section 4.1.2).
func codeReuseLater(rp *relyingParty) {
	s := rp.signIn()
	rp.provider.advance(30 * time.Second)
	rp.refusedToken(rp.token(rp.redemption(s.code)))
	if a := rp.askUserInfo(http.MethodGet, s.Access); a.Status < 400 || a.Status > 499 {
		rp.t.Errorf("UserInfo still answers %d %s", a.Status, a.Body)
	}
}

// refreshToken signs in at two clients. Each refreshes what it has, and neither what the
// other has.
func refreshToken(rp *relyingParty) {
	first, second := rp.offline(), rp.as(otherClient).offline()
	if first.Refresh == "" && !rp.provider.metadata.has("grant_types_supported", "refresh_token") {
		rp.t.Skip("OpenID Connect Core 1.0, section 12, leaves refresh tokens to the provider, and discovery does not name the grant")
	}
	first = rp.refreshed(first, "scope", strings.Join(rp.offlineScope(), " "))
	second = rp.as(otherClient).refreshed(second)
	rp.refusedToken(rp.token(url.Values{"grant_type": {"refresh_token"}, "refresh_token": {second.Refresh}}))
	rp.refusedToken(rp.as(otherClient).token(url.Values{"grant_type": {"refresh_token"}, "refresh_token": {first.Refresh}}))
}

// offlineScope is what asks for a refresh token (section 11).
func (rp *relyingParty) offlineScope() []string {
	scope := []string{"openid"}
	if rp.provider.metadata.has("scopes_supported", "offline_access") {
		scope = append(scope, "offline_access")
	}
	return scope
}

// offline signs in for a refresh token, which people have to agree to.
func (rp *relyingParty) offline() session {
	rp.t.Helper()
	return rp.signIn("scope", strings.Join(rp.offlineScope(), " "), "prompt", "consent")
}

// refreshed asks for new tokens a second later, and holds them against the old ones
// (section 12.2).
func (rp *relyingParty) refreshed(before session, also ...string) session {
	rp.t.Helper()
	if odd(before.Refresh) || len(before.Refresh) < 128/8 || entropy(before.Refresh) < 96 {
		rp.t.Errorf("the refresh token has %d characters and %.0f bits", len(before.Refresh), entropy(before.Refresh))
	}
	rp.provider.advance(time.Second)
	values := url.Values{"grant_type": {"refresh_token"}, "refresh_token": {before.Refresh}}
	for pair := range slices.Chunk(also, 2) {
		values.Set(pair[0], pair[1])
	}
	after := before
	after.tokens = rp.tokensOf(rp.token(values))
	if after.Refresh == "" {
		after.Refresh = before.Refresh // which goes on being good
	}
	if after.Access == before.Access {
		rp.t.Error("a refresh brings the same access token")
	}
	after.claims = rp.verified(after.ID, rp.nonceAfter(before, after), after.Access)
	for _, claim := range []string{"iss", "sub", "auth_time", "azp"} {
		if after.claims[claim] != before.claims[claim] {
			rp.t.Errorf("%s was %v and is %v", claim, before.claims[claim], after.claims[claim])
		}
	}
	if after.claims["iat"] == before.claims["iat"] {
		rp.t.Error("the new ID token is as old as the one before")
	}
	rp.userInfo(after)
	return after
}

// nonceAfter is the nonce of a refreshed ID token: that of the first one, or none, as the
// provider likes (section 12.2).
func (rp *relyingParty) nonceAfter(before, after session) string {
	if !strings.Contains(payload(after.ID), `"nonce"`) {
		return ""
	}
	return before.asked.Get("nonce")
}
