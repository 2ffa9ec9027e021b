// SPDX-License-Identifier: Apache-2.0

package conformance

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
)

// relyingParty is a client of a provider, and the browser of somebody who uses it.
type relyingParty struct {
	t        *testing.T
	provider *provider
	client   client
	// redirectURI is where it takes answers.
	redirectURI string
	// mode is the response_mode that it asks for; empty for the default.
	mode    string
	browser *browser
	// http is for what it asks itself.
	http *http.Client
}

func (p *provider) newRelyingParty(t *testing.T, mode string) *relyingParty {
	t.Helper()
	return &relyingParty{t: t, provider: p, client: basicClient, redirectURI: redirectURI, mode: mode, browser: p.newBrowser(t), http: p.newHTTP(t)}
}

// as is the same browser at another client.
func (rp *relyingParty) as(c client) *relyingParty {
	other := *rp
	other.client = c
	return &other
}

// request is one for authorization (OpenID Connect Core 1.0, section 3.1.2.1), changed by
// pairs of name and value; an empty value takes a parameter out.
func (rp *relyingParty) request(changes ...string) url.Values {
	asked := url.Values{
		"response_type": {"code"}, "client_id": {rp.client.id}, "redirect_uri": {rp.redirectURI}, "scope": {"openid"},
		"state": {randomText(10)}, "nonce": {randomText(10)},
	}
	if rp.mode != "" {
		asked.Set("response_mode", rp.mode)
	}
	for pair := range slices.Chunk(changes, 2) {
		if asked.Set(pair[0], pair[1]); pair[1] == "" {
			asked.Del(pair[0])
		}
	}
	return asked
}

// authorize sends the browser to the provider with a request, and returns what it brings
// back.
func (rp *relyingParty) authorize(asked url.Values) url.Values {
	rp.t.Helper()
	return rp.answered(asked, rp.browser.open(withQuery(rp.provider.metadata.text("authorization_endpoint"), asked)))
}

// answered reads the answer to a request, which has to come to the redirect URI in the
// way that was asked for, with the state and from the issuer (RFC 6749, section 4.1.2;
// OAuth 2.0 Form Post Response Mode; RFC 9207).
func (rp *relyingParty) answered(asked url.Values, r *http.Request) url.Values {
	rp.t.Helper()
	if r == nil {
		rp.t.Fatalf("the provider does not answer, but shows %s", rp.browser.text())
	}
	answer := r.URL.Query()
	if rp.mode == "form_post" {
		if r.Method != http.MethodPost || r.Header.Get("Content-Type") != formType || r.URL.RawQuery != "" {
			rp.t.Fatalf("the answer came by %s %s", r.Method, r.URL)
		}
		if err := r.ParseForm(); err != nil {
			rp.t.Fatal(err)
		}
		answer = r.PostForm
	} else if r.Method != http.MethodGet {
		rp.t.Fatalf("the answer came by %s", r.Method)
	}
	if to := (&url.URL{Scheme: r.URL.Scheme, Host: r.URL.Host, Path: r.URL.Path}).String(); to != rp.redirectURI {
		rp.t.Fatalf("the answer came to %s", to)
	}
	for name, values := range answer {
		if len(values) != 1 {
			rp.t.Errorf("the answer has %s more than once", name)
		}
	}
	if answer.Get("state") != asked.Get("state") {
		rp.t.Errorf("the state %q came back as %q", asked.Get("state"), answer.Get("state"))
	}
	if issuer, found := answer["iss"]; found != rp.provider.metadata.says("authorization_response_iss_parameter_supported") || found && issuer[0] != rp.provider.issuer {
		rp.t.Errorf("the answer is from %q", issuer)
	}
	return answer
}

// code is what the browser brings back from a request that has to be granted.
func (rp *relyingParty) code(asked url.Values) string {
	rp.t.Helper()
	answer := rp.authorize(asked)
	if answer.Get("code") == "" || answer.Has("error") {
		rp.t.Fatalf("the answer is %v", answer)
	}
	return answer.Get("code")
}

// refused fails the test unless an answer is one of the errors, and says nothing but
// what an error has (OpenID Connect Core 1.0, section 3.1.2.6).
func (rp *relyingParty) refused(answer url.Values, codes ...string) {
	rp.t.Helper()
	if !slices.Contains(codes, answer.Get("error")) {
		rp.t.Errorf("the answer is %v, not one of %q", answer, codes)
	}
	for name := range answer {
		if !slices.Contains([]string{"error", "error_description", "error_uri", "state", "iss"}, name) {
			rp.t.Errorf("the error has %s", name)
		}
	}
	if odd(answer.Get("error_description")) {
		rp.t.Errorf("the description is %q", answer.Get("error_description"))
	}
}

// odd finds what no description of an error may have (RFC 6749, section 4.1.2.1).
func odd(description string) bool {
	return strings.ContainsFunc(description, func(r rune) bool { return r < ' ' || r > '~' || r == '"' || r == '\\' })
}

// needSomebody are the errors of a request that nobody may be asked for, and somebody
// would have to be.
func needSomebody() []string {
	return []string{"login_required", "interaction_required", "account_selection_required", "consent_required"}
}

// isNotLoggedIn fails the test unless the browser's session has ended, or never was.
func (rp *relyingParty) isNotLoggedIn() {
	rp.t.Helper()
	before := len(rp.browser.shown)
	rp.refused(rp.authorize(rp.request("prompt", "none", "state", randomText(stateLength))), needSomebody()...)
	if rp.mode == "" && len(rp.browser.shown) != before {
		rp.t.Errorf("somebody was shown %s", rp.browser.text())
	}
}
