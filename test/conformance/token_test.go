// SPDX-License-Identifier: Apache-2.0

package conformance

import (
	"encoding/json"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/realmkeeper/realmkeeper/internal/testenv/realmtest"
)

// tokens are the answer of a token endpoint (RFC 6749, section 5.1; OpenID Connect Core
// 1.0, section 3.1.3.3).
type tokens struct {
	Access    string  `json:"access_token"`
	Type      string  `json:"token_type"`
	ExpiresIn float64 `json:"expires_in"`
	Refresh   string  `json:"refresh_token"`
	ID        string  `json:"id_token"`
	Scope     string  `json:"scope"`
}

// session is what a relying party has of somebody who has signed in.
type session struct {
	tokens
	// asked is the request that it began with, and code what that was answered with.
	asked url.Values
	code  string
	// claims are those of the ID token.
	claims map[string]any
}

// signIn goes all the way: a request, changed as request has it, a code, tokens that are
// verified, and UserInfo.
func (rp *relyingParty) signIn(changes ...string) session {
	rp.t.Helper()
	return rp.begin(rp.request(changes...))
}

func (rp *relyingParty) begin(asked url.Values) session {
	rp.t.Helper()
	return rp.completed(asked, rp.code(asked))
}

// completed turns a code into a session; also adds parameters to the request for tokens.
func (rp *relyingParty) completed(asked url.Values, code string, also ...string) session {
	rp.t.Helper()
	values := rp.redemption(code)
	for pair := range slices.Chunk(also, 2) {
		values.Set(pair[0], pair[1])
	}
	s := session{tokens: rp.tokensOf(rp.token(values)), asked: asked, code: code}
	s.claims = rp.verified(s.ID, asked.Get("nonce"), s.Access)
	rp.userInfo(s)
	return s
}

// redemption is the request of a code's exchange.
func (rp *relyingParty) redemption(code string) url.Values {
	return url.Values{"grant_type": {"authorization_code"}, "code": {code}, "redirect_uri": {rp.redirectURI}}
}

// token asks the token endpoint, by the client's method.
func (rp *relyingParty) token(values url.Values) realmtest.Answer {
	rp.t.Helper()
	shown := maps.Clone(values)
	if rp.client.method == secretPost {
		shown.Set("client_id", rp.client.id)
		shown.Set("client_secret", rp.client.secret)
	}
	r := newRequest(rp.t, http.MethodPost, rp.provider.metadata.text("token_endpoint"), shown)
	r.Header.Set("Accept", jsonType)
	if rp.client.method == secretBasic {
		r.SetBasicAuth(url.QueryEscape(rp.client.id), url.QueryEscape(rp.client.secret)) // RFC 6749, section 2.3.1
	}
	return send(rp.t, rp.http, r)
}

// tokensOf reads an answer that has to have tokens, which nobody may keep.
func (rp *relyingParty) tokensOf(a realmtest.Answer) tokens {
	rp.t.Helper()
	got := tokens{}
	if a.Status != http.StatusOK || mediaType(a) != jsonType {
		rp.t.Fatalf("the token endpoint answered %d %s", a.Status, a.Body)
	}
	if err := json.Unmarshal([]byte(a.Body), &got); err != nil {
		rp.t.Fatal(err)
	}
	if !strings.Contains(a.Header.Get("Cache-Control"), "no-store") {
		rp.t.Errorf("the tokens may be kept: %q", a.Header.Get("Cache-Control"))
	}
	if !strings.EqualFold(got.Type, "Bearer") || got.ExpiresIn <= 0 || got.Access == "" || got.ID == "" {
		rp.t.Errorf("the token endpoint answered %s", a.Body)
	}
	return got
}

// refusedToken fails the test unless the token endpoint has refused what it was shown as
// RFC 6749, section 5.2, has it.
func (rp *relyingParty) refusedToken(a realmtest.Answer) {
	rp.t.Helper()
	got := struct {
		Error       string `json:"error"`
		Description string `json:"error_description"`
	}{}
	if err := json.Unmarshal([]byte(a.Body), &got); err != nil || mediaType(a) != jsonType {
		rp.t.Fatalf("the token endpoint answered %d %s", a.Status, a.Body)
	}
	if a.Status != http.StatusBadRequest || got.Error != "invalid_grant" || odd(got.Description) {
		rp.t.Errorf("the token endpoint answered %d %s", a.Status, a.Body)
	}
}
