// SPDX-License-Identifier: Apache-2.0

package gateway

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"golang.org/x/oauth2"

	"github.com/realmkeeper/realmkeeper/authserver/internal/auth"
	"github.com/realmkeeper/realmkeeper/authserver/internal/request"
	"github.com/realmkeeper/realmkeeper/authserver/realmconfig"
)

const (
	// flowLifetime is how long a sign-in may take.
	flowLifetime = time.Hour
	// sealedFlow is the purpose under which a flow is sealed for the browser that begins it.
	sealedFlow = "gateway flow"
)

// flowCookies keep the flows of a browser, each of which ends where it has begun.
func flowCookies() request.FlowCookies {
	return request.FlowCookies{Name: "__Host-rk-flow", Most: 8, MostBytes: 3 << 10, Lifetime: flowLifetime}
}

// flow is a sign-in under way. Its verifier (RFC 7636, section 4.1) makes a code worthless
// that was not asked for by this browser.
type flow struct {
	Verifier auth.Secret `json:"verifier"`
	To       string      `json:"to"`
	Until    time.Time   `json:"until"`
}

// signIn sends a browser to the authorization endpoint, as a client of the realm's does.
func (s *Service) signIn(w http.ResponseWriter, r *http.Request, q question) error {
	if r.Method != http.MethodGet {
		return methodNotAllowed(w, http.MethodGet)
	}
	asked := r.URL.Query()
	q.to = returnPath(asked.Get("to"))
	state, err := auth.NewOpaque("", s.Random)
	if err != nil {
		return err
	}
	begun := flow{auth.Secret(oauth2.GenerateVerifier()), q.to, s.Now().Add(flowLifetime)}
	sealed, err := s.sealFlow(q, state, begun)
	if err != nil {
		return err
	}
	flowCookies().Keep(w, r, request.FlowOf(state), sealed)
	redirect(w, s.address("/oauth2/authorize")+"?"+q.authorization(state, begun, asked).Encode())
	return nil
}

// authorization is the request for a code. The class is essential: a server of a release before
// passes acr_values over, and a visitor would come back as they were.
func (q question) authorization(state auth.Secret, begun flow, asked url.Values) url.Values {
	values := url.Values{
		"response_type": {"code"}, "client_id": {q.client.ID}, "redirect_uri": {q.callback()}, "state": {string(state)},
		"scope":                 {strings.Join(q.scopes(), " ")},
		"code_challenge":        {oauth2.S256ChallengeFromVerifier(string(begun.Verifier))},
		"code_challenge_method": {"S256"},
	}
	if acr := asked.Get("acr"); realmconfig.IsACR(acr) {
		values.Set("claims", `{"id_token":{"acr":{"essential":true,"value":"`+acr+`"}}}`)
	}
	if age, ok := request.ParseMaxAge(asked.Get("max_age")); ok {
		values.Set("max_age", strconv.Itoa(int(age/time.Second)))
	}
	return values
}

// scopes are what an application is told of, as far as the client may ask for it.
func (q question) scopes() []string {
	return slices.DeleteFunc([]string{"openid", "email", "groups"}, func(scope string) bool { return !slices.Contains(q.client.Scopes, scope) })
}

// sealFlow is a flow as a cookie may have it. It is good for its client, its host and its
// state alone.
func (s *Service) sealFlow(q question, state auth.Secret, f flow) (string, error) {
	document := &bytes.Buffer{}
	encoder := json.NewEncoder(document)
	encoder.SetEscapeHTML(false) // an & would have six bytes
	if err := encoder.Encode(f); err != nil {
		return "", fmt.Errorf("encode flow: %w", err)
	}
	sealed, err := s.Sealer.Seal(sealedFlow, q.owner()+" "+string(state), document.Bytes())
	return base64.RawURLEncoding.EncodeToString(sealed), err
}

// openFlow reads what sealFlow has made; false for anything else, and when it took too long.
func (s *Service) openFlow(q question, state, text auth.Secret) (flow, bool) {
	sealed, err := base64.RawURLEncoding.DecodeString(string(text))
	if err != nil {
		return flow{}, false
	}
	document, err := s.Sealer.Open(sealedFlow, q.owner()+" "+string(state), sealed)
	if err != nil {
		return flow{}, false
	}
	f := flow{}
	return f, json.Unmarshal(document, &f) == nil && s.Now().Before(f.Until)
}

// address is one of the realm's.
func (s *Service) address(path string) string { return s.Settings().Address(path) }

// redirect says nothing but where to go on: there may be a code in the address.
func redirect(w http.ResponseWriter, to string) {
	w.Header().Set("Location", to)
	w.WriteHeader(http.StatusSeeOther)
}

// methodNotAllowed refuses other methods than these: a HEAD must not use anything up.
func methodNotAllowed(w http.ResponseWriter, allowed string) error {
	w.Header().Set("Allow", allowed)
	return auth.Refuse(auth.MethodNotAllowed)
}
