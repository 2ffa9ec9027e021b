// SPDX-License-Identifier: Apache-2.0

package oidc

import (
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/realmkeeper/realmkeeper/authserver/internal/auth"
	"github.com/realmkeeper/realmkeeper/authserver/internal/dpop"
	"github.com/realmkeeper/realmkeeper/authserver/realmconfig"
)

// authorization is a request for a code (RFC 6749, section 4.1.1; OpenID Connect Core 1.0,
// section 3.1.2.1) that nothing is wrong with.
type authorization struct {
	scopes    []string
	resources []string
	nonce     string
	// challenge is of the method S256; empty for none.
	challenge string
	prompts   []string
	// key is the thumbprint of the key that whoever exchanges the code must hold; empty for
	// none.
	key string
	// maxAge is how long ago the user may have shown who they are; nil for whenever.
	maxAge *time.Duration
	// classes are those of a sign-in of which one must be reached; none for any.
	classes []string
	claims  claimsRequest
	// idTokenHint says whom the client means; empty where it does not.
	idTokenHint auth.Secret
}

// The values of prompt that are heeded.
const (
	promptNone          = "none"
	promptLogin         = "login"
	promptConsent       = "consent"
	promptSelectAccount = "select_account"
)

// prompted reports whether the client asks for one of these.
func (a authorization) prompted(prompts ...string) bool {
	return slices.ContainsFunc(a.prompts, func(p string) bool { return slices.Contains(prompts, p) })
}

// offline reports whether the client wants to go on without the browser.
func (a authorization) offline() bool { return slices.Contains(a.scopes, offlineScope) }

// authorizationOf reads a request of a client. It refuses with an *Error that the client
// may be told, and never quotes a value. What nobody knows is left alone (RFC 6749,
// section 3.1).
func authorizationOf(client realmconfig.Client, values url.Values) (authorization, error) {
	f := form{values}
	for _, check := range []func(realmconfig.Client, form) error{checkParameters, checkResponse, checkChallenge, checkKey} {
		if err := check(client, f); err != nil {
			return authorization{}, err
		}
	}
	a := authorization{
		resources: f.resources(), nonce: f.get("nonce"), challenge: f.get("code_challenge"), key: f.get(keyParameter),
		idTokenHint: f.secret("id_token_hint"),
	}
	asked, err := parseScope(f.get("scope"))
	if err != nil {
		return authorization{}, err
	}
	a.scopes = grantedScopes(client, asked)
	if a.prompts, err = parsePrompt(f.get("prompt")); err != nil {
		return authorization{}, err
	}
	if a.maxAge, err = maxAgeOf(client, f.get("max_age")); err != nil {
		return authorization{}, err
	}
	if a.claims, err = parseClaims(f.get("claims")); err != nil {
		return authorization{}, err
	}
	a.classes, err = classesOf(client, a.claims.ACR, strings.Fields(f.get("acr_values")))
	return a, err
}

// checkParameters refuses what stands twice, what no parameter may hold, and what the realm
// says that it does not support.
func checkParameters(_ realmconfig.Client, f form) error {
	for name, all := range f.values {
		switch {
		case len(all) > 1 && name != resourceParameter:
			return refuse(InvalidRequest, "A parameter stands twice: "+quotable(name)+".")
		case slices.ContainsFunc(all, unprintable):
			return refuse(InvalidRequest, "A parameter has characters that none may have: "+quotable(name)+".")
		}
	}
	switch {
	case f.has("request"):
		return refuse(RequestNotSupported, "The realm takes no request objects.")
	case f.has("request_uri"):
		return refuse(RequestURINotSupported, "The realm takes no request objects.")
	case f.has("registration"):
		return refuse(RegistrationNotSupported, "The realm registers nobody by a request.")
	}
	return nil
}

func checkResponse(client realmconfig.Client, f form) error {
	mode := responseMode(f.get("response_mode"))
	switch {
	case !f.has("response_type"):
		return refuse(InvalidRequest, "response_type is missing.")
	case f.get("response_type") != "code":
		return refuse(UnsupportedResponseType, "The realm knows the response_type code alone.")
	case mode != "" && mode != queryMode && mode != formPostMode:
		return refuse(InvalidRequest, "The realm knows the values query and form_post of response_mode.")
	case !client.Grants(realmconfig.AuthorizationCodeGrant):
		return refuse(UnauthorizedClient, "The client may not ask for a code.")
	}
	return nil
}

// checkChallenge holds PKCE against RFC 7636, section 4.4.1, and RFC 9700, section 2.1.1.
func checkChallenge(client realmconfig.Client, f form) error {
	challenge, method := f.get("code_challenge"), f.get("code_challenge_method")
	switch {
	case challenge == "" && method != "":
		return refuse(InvalidRequest, "code_challenge is missing.")
	case challenge == "" && isPublic(client):
		return refuse(InvalidRequest, "A public client must send a code_challenge.")
	case challenge == "":
		return nil
	case method != "S256":
		return refuse(InvalidRequest, "code_challenge_method must be S256.")
	case auth.CheckCodeChallenge(challenge) != nil:
		return refuse(InvalidRequest, "code_challenge must be a SHA-256 in base64url.")
	}
	return nil
}

// keyParameter binds a code to a key (RFC 9449, section 10).
const keyParameter = "dpop_jkt"

func checkKey(_ realmconfig.Client, f form) error {
	if f.has(keyParameter) && !dpop.IsThumbprint(f.get(keyParameter)) {
		return refuse(InvalidRequest, "dpop_jkt must be a SHA-256 in base64url, the thumbprint of a key.")
	}
	return nil
}

// grantedScopes are those of the asked ones that the client may have: others are left out
// (RFC 6749, section 3.3). What goes on without the browser needs a refresh token.
func grantedScopes(client realmconfig.Client, asked []string) []string {
	return slices.DeleteFunc(asked, func(scope string) bool {
		return !slices.Contains(client.Scopes, scope) || scope == offlineScope && !client.Grants(realmconfig.RefreshTokenGrant)
	})
}

func parsePrompt(text string) ([]string, error) {
	prompts := strings.Fields(text)
	for _, p := range prompts {
		switch p {
		case promptNone, promptLogin, promptConsent, promptSelectAccount:
		default:
			return nil, refuse(InvalidRequest, "The realm does not know a value of prompt.")
		}
	}
	if len(prompts) > 1 && slices.Contains(prompts, promptNone) {
		return nil, refuse(InvalidRequest, "The value none of prompt stands alone.")
	}
	return prompts, nil
}
