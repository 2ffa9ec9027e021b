// SPDX-License-Identifier: Apache-2.0

package web

import (
	"net/url"
	"strings"
	"time"

	"golang.org/x/oauth2"

	"github.com/realmkeeper/realmkeeper/authserver/internal/auth"
)

// verifierCookie keeps a one-time code of somebody else's from being of use in
// this browser (RFC 9700, section 4.7.1).
const verifierCookie = "__Host-rk-verifier"

// signInWith begins a sign-in through a provider as any application would, with
// a page of ours as the place to return to.
func (w *Web) signInWith(v *visit) (*answer, error) {
	to := v.asked()
	if to.ReturnTo != "" {
		if err := w.Auth.CheckReturn(to.ReturnTo, to.Challenge); err != nil {
			return nil, err
		}
	}
	verifier := oauth2.GenerateVerifier()
	setCookie(v.w, verifierCookie, verifier, time.Hour)
	onward := string(to.Query())
	query := url.Values{"code_challenge": {oauth2.S256ChallengeFromVerifier(verifier)}, "code_challenge_method": {"S256"}}
	if v.again() {
		onward = againQuery
		query.Set("prompt", "login")
	}
	query.Set("return_to", strings.TrimSuffix(w.Settings().Issuer, "/")+auth.ReturnPath+onward)
	return goOn("/api/auth/oauth/" + url.PathEscape(v.r.PathValue("provider")) + "?" + query.Encode())
}

// returnedRefusal is the refusal that an address of ours says a sign-in at a
// provider has come to. Anybody may write addresses: what it never comes to is
// StateInvalid.
func returnedRefusal(code string) *auth.Error {
	switch c := auth.Code(code); c {
	case auth.ProviderUnknown, auth.ProviderRefused, auth.ProviderUnavailable, auth.IdentityRefused, auth.IdentityUnlinked,
		auth.AccountDisabled, auth.EmailNotVerified, auth.TooManyAttempts, auth.DatabaseUnavailable, auth.SigningUnavailable:
		return &auth.Error{Code: c}
	default:
		return &auth.Error{Code: auth.StateInvalid}
	}
}

// returned ends it.
func (w *Web) returned(v *visit) (*answer, error) {
	query, to := v.r.URL.Query(), v.asked()
	verifier := cookie(v.r, verifierCookie)
	dropCookie(v.w, verifierCookie)
	if code := query.Get("error"); code != "" {
		return refused("signin", w.signInPage(form{onward: to}.refusedBy(returnedRefusal(code))))
	}
	if verifier == "" {
		return refused("signin", w.signInPage(form{onward: to}.refusedBy(&auth.Error{Code: auth.StateInvalid})))
	}
	result, err := w.Auth.RedeemOAuthCode(v.r.Context(), auth.Secret(query.Get("code")), verifier, v.client)
	if e, ok := refusal(err); ok && e.Code == auth.OAuthCodeInvalid {
		return refused("signin", w.signInPage(form{onward: to}.refusedBy(&auth.Error{Code: auth.StateInvalid})))
	}
	if err != nil {
		return nil, err
	}
	a, err := w.afterSignIn(v, result, to)
	if err != nil || result.Challenge != nil || !v.again() {
		return a, err
	}
	return w.goOnInterrupted(v, result.Grant.AccessToken)
}

// againQuery marks the way back of somebody who was signed in already and proves
// by it who they are.
const againQuery = "?again=yes"

func (v *visit) again() bool { return v.r.URL.Query().Has("again") }
