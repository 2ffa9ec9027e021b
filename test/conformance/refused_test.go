// SPDX-License-Identifier: Apache-2.0

package conformance

import (
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
)

// staysAtProvider fails the test unless the browser was sent nowhere, and reads of what is
// wrong.
func (rp *relyingParty) staysAtProvider(r *http.Request) {
	rp.t.Helper()
	if r != nil {
		rp.t.Fatalf("the browser is sent to %s", r.URL)
	}
	if len(rp.browser.shown) == 0 || mediaType(rp.browser.shown[len(rp.browser.shown)-1].Answer) != "text/html" {
		rp.t.Errorf("the browser shows %s", rp.browser.text())
	}
}

// staysWithError is staysAtProvider with a status that is an error.
func (rp *relyingParty) staysWithError(r *http.Request) {
	rp.t.Helper()
	rp.staysAtProvider(r)
	if status := rp.browser.shown[len(rp.browser.shown)-1].Status; status < 400 || status > 499 {
		rp.t.Errorf("answered %d: %s", status, rp.browser.text())
	}
}

// responseTypeMissing is told to the client, or to the person at the browser (RFC 6749,
// section 3.1.1).
func responseTypeMissing(rp *relyingParty) {
	asked := rp.request("response_type", "")
	r := rp.browser.open(withQuery(rp.provider.metadata.text("authorization_endpoint"), asked))
	if r == nil {
		rp.staysWithError(r)
		return
	}
	rp.refused(rp.answered(asked, r), "invalid_request", "unsupported_response_type")
}

// registeredRedirectURI asks for an answer at an address that begins as the client's does.
func registeredRedirectURI(rp *relyingParty) {
	asked := rp.request("redirect_uri", redirectURI+unregisteredPath)
	rp.staysWithError(rp.browser.open(withQuery(rp.provider.metadata.text("authorization_endpoint"), asked)))
}

// unsigned is a request object without a signature (OpenID Connect Core 1.0, section 6.1).
func unsigned(asked url.Values) string {
	claims := map[string]string{}
	for name := range asked {
		claims[name] = asked.Get(name)
	}
	encoded, err := json.Marshal(claims)
	if err != nil {
		panic(err) // texts always can be
	}
	return base64.RawURLEncoding.EncodeToString([]byte(`{"alg":"none"}`)) + "." + base64.RawURLEncoding.EncodeToString(encoded) + "."
}

// payload is what a JWT says, as it stands.
func payload(token string) string {
	parts := strings.Split(token, ".")
	if len(parts) != 3 {
		return ""
	}
	text, _ := base64.RawURLEncoding.DecodeString(parts[1])
	return string(text)
}

// outside is the part of a request that has to stand outside of its request object, and
// the way of the answer.
func outside(asked url.Values) url.Values {
	kept := url.Values{}
	for _, name := range []string{"response_type", "client_id", "scope", "redirect_uri", "response_mode"} {
		if asked.Has(name) {
			kept[name] = asked[name]
		}
	}
	return kept
}

// supportedOrRejected sends the rest of a request in another way. Either the provider heeds
// it, state and nonce included, or it says that it does not do so (section 3.1.2.6).
func (rp *relyingParty) supportedOrRejected(parameter, value, refusal string, asked url.Values) {
	rp.t.Helper()
	sent := outside(asked)
	sent.Set(parameter, value)
	r := rp.browser.open(withQuery(rp.provider.metadata.text("authorization_endpoint"), sent))
	if !rp.provider.metadata.says(parameter + "_parameter_supported") {
		rp.refused(rp.answered(sent, r), refusal)
		return
	}
	rp.completed(asked, rp.answered(asked, r).Get("code"))
}

func requestURI(rp *relyingParty) {
	rp.supportedOrRejected("request_uri", "https://"+rpHost+"/request.jwt", "request_uri_not_supported", rp.request())
}

func requestObject(rp *relyingParty) {
	asked := rp.request()
	rp.supportedOrRejected("request", unsigned(asked), "request_not_supported", asked)
}

// requestObjectWithRedirectURI has a good address in the request object and a bad one
// outside: a provider that does not read the object must not find the good one.
func requestObjectWithRedirectURI(rp *relyingParty) {
	asked := rp.request()
	sent := outside(asked)
	sent.Set("request", unsigned(asked))
	sent.Set("redirect_uri", redirectURI+unregisteredPath)
	r := rp.browser.open(withQuery(rp.provider.metadata.text("authorization_endpoint"), sent))
	if rp.provider.metadata.says("request_parameter_supported") {
		rp.completed(asked, rp.answered(asked, r).Get("code"))
		return
	}
	rp.staysWithError(r)
}
