// SPDX-License-Identifier: Apache-2.0

package conformance

import (
	"crypto/sha256"
	"encoding/base64"
	"net/http"
	"slices"
	"strings"

	"github.com/golang-jwt/jwt/v5"
)

// idTokenClaims may stand in an ID token that nothing but openid was asked for (OpenID
// Connect Core 1.0, section 2; RFC 7519, section 4.1; Back-Channel Logout 1.0, section 2.1).
func idTokenClaims() []string {
	return []string{"iss", "sub", "aud", "exp", "iat", "auth_time", "nonce", "acr", "amr", "azp", "at_hash", "nbf", "jti", "sid"}
}

// server is the happy flow, looked at closely: a code that nobody guesses, and an ID token
// that says no more than was asked for.
func server(rp *relyingParty) {
	s := rp.signIn()
	const atLeast = 128 / 8 // bytes
	if len(s.code) < atLeast || entropy(s.code) < 96 {
		rp.t.Errorf("the code has %d bytes and %.0f bits", len(s.code), entropy(s.code))
	}
	if again := rp.signIn(); again.code == s.code || again.Access == s.Access {
		rp.t.Error("another request is answered with the same")
	}
	for name := range s.claims {
		if !slices.Contains(idTokenClaims(), name) {
			rp.t.Errorf("for the scope openid alone, the ID token has %s", name)
		}
	}
}

// succeedsWith is the happy flow with one parameter more, or fewer.
func succeedsWith(name, value string) func(rp *relyingParty) {
	return func(rp *relyingParty) { rp.signIn(name, value) }
}

// idTokenSignature: a client that has not said how to sign gets RS256, by a key that the
// token names (section 10.1).
func idTokenSignature(rp *relyingParty) {
	token, _, err := jwt.NewParser().ParseUnverified(rp.signIn().ID, jwt.MapClaims{})
	if err != nil {
		rp.t.Fatal(err)
	}
	if kid, _ := token.Header["kid"].(string); kid == "" || token.Header["alg"] != "RS256" {
		rp.t.Errorf("the ID token's header is %v", token.Header)
	}
}

// idTokenUnsigned wants a client that is registered for ID tokens without a signature.
func idTokenUnsigned(rp *relyingParty) {
	if !rp.provider.metadata.has("id_token_signing_alg_values_supported", "none") {
		rp.t.Skip("OpenID Connect Core 1.0, section 2, leaves unsigned ID tokens to the provider, and discovery does not name none")
	}
	rp.t.Error("no client here is registered for ID tokens without a signature")
}

// alternateHappyFlow turns the order of scopes and of parameters around.
func alternateHappyFlow(rp *relyingParty) {
	asked := rp.request("scope", "email openid")
	parameters := strings.Split(asked.Encode(), "&")
	slices.Reverse(parameters)
	address := rp.provider.metadata.text("authorization_endpoint") + "?" + strings.Join(parameters, "&")
	answer := rp.answered(asked, rp.browser.open(address))
	rp.hasClaimsOf(rp.completed(asked, answer.Get("code")), "email")
}

// postRequest comes from a page of the relying party's, so that no browser sends the
// provider's cookies along that are not for other sites (section 3.1.2.1).
func postRequest(rp *relyingParty) {
	asked := rp.request()
	r := newRequest(rp.t, http.MethodPost, rp.provider.metadata.text("authorization_endpoint"), asked)
	r.Header.Set("Origin", "https://"+rpHost)
	r.Header.Set("Sec-Fetch-Site", "cross-site")
	rp.completed(asked, rp.answered(asked, rp.browser.visit(r)).Get("code"))
}

func clientSecretPost(rp *relyingParty) { rp.as(postClient).signIn() }

func validPKCE(rp *relyingParty) {
	verifier := randomText(43)
	sum := sha256.Sum256([]byte(verifier))
	asked := rp.request("code_challenge", base64.RawURLEncoding.EncodeToString(sum[:]), "code_challenge_method", "S256")
	rp.completed(asked, rp.code(asked), "code_verifier", verifier)
}

// loginHint is of somebody whom nobody knows: it helps to fill in the form, and does no harm.
func loginHint(rp *relyingParty) {
	const hint = "buffy@example.com"
	rp.signIn("login_hint", hint)
	pages := rp.browser.signInPages()
	if len(pages) == 0 || !strings.Contains(pages[0].Body, `value="`+hint+`"`) {
		rp.t.Errorf("the hint is not in the form: %s", rp.browser.text())
	}
}

// uiLocales asks for the languages that the provider has, or for one that it may not have.
func uiLocales(rp *relyingParty) {
	known := rp.provider.metadata.list("ui_locales_supported")
	if len(known) == 0 {
		rp.signIn("ui_locales", "se")
		return
	}
	wanted := known[len(known)-1]
	rp.signIn("ui_locales", "se "+wanted)
	for _, p := range rp.browser.signInPages() {
		if language := attribute(find(p.document, "html", "", ""), "lang"); language != wanted {
			rp.t.Errorf("asked for %s, the page is in %q", wanted, language)
		}
	}
}

// acrValues asks for all classes that the provider says it has. The request must not fail;
// a provider that has classes says which one was reached (section 3.1.2.1).
func acrValues(rp *relyingParty) {
	known := rp.provider.metadata.list("acr_values_supported")
	if len(known) == 0 {
		rp.signIn("acr_values", "1 2")
		return
	}
	s := rp.signIn("acr_values", strings.Join(known, " "))
	if acr, _ := s.claims["acr"].(string); !slices.Contains(known, acr) {
		rp.t.Errorf("acr is %v, not one of %q", s.claims["acr"], known)
	}
}
