// SPDX-License-Identifier: Apache-2.0

package web

import (
	"net/url"
	"strings"
	"time"

	"golang.org/x/oauth2"

	"github.com/realmkeeper/realmkeeper/authserver/internal/auth"
	"github.com/realmkeeper/realmkeeper/authserver/internal/request"
	"github.com/realmkeeper/realmkeeper/authserver/internal/signin"
)

func (w *Web) providerPages() []page {
	return []page{
		{"GET /signin/with/{provider}", request.Unlimited, w.beginProviderSignIn},
		{"GET " + signin.ReturnPath, request.RateCode, w.finishProviderSignIn},
	}
}

// verifierCookie keeps a one-time code of somebody else's from being of use in
// this browser (RFC 9700, section 4.7.1).
const verifierCookie = "__Host-rk-verifier"

// beginProviderSignIn begins a sign-in through a provider as any application would,
// with a page of ours as the place to return to.
func (w *Web) beginProviderSignIn(req *pageRequest) (*response, error) {
	to := req.returnTargetFromQuery()
	if to.ReturnTo != "" {
		if err := w.SignIn.CheckRedirect(to.ReturnTo, to.Challenge); err != nil {
			return nil, err
		}
	}
	verifier := oauth2.GenerateVerifier()
	setCookie(req.w, verifierCookie, verifier, time.Hour)
	suffix := string(to.Query())
	query := url.Values{"code_challenge": {oauth2.S256ChallengeFromVerifier(verifier)}, "code_challenge_method": {"S256"}}
	if req.reauthenticating() {
		suffix = reauthenticateQuery
		query.Set("prompt", "login")
	}
	query.Set("return_to", strings.TrimSuffix(w.Settings().Issuer, "/")+signin.ReturnPath+suffix)
	return seeOther("/api/auth/oauth/" + url.PathEscape(req.r.PathValue("provider")) + "?" + query.Encode())
}

// providerRefusal is the refusal that an address of ours says a sign-in at a
// provider has come to. Anybody may write addresses: what it never comes to is
// StateInvalid.
func providerRefusal(code string) *auth.Error {
	switch c := auth.Code(code); c {
	case auth.ProviderUnknown, auth.ProviderRefused, auth.ProviderUnavailable, auth.IdentityRefused, auth.IdentityUnlinked,
		auth.AccountDisabled, auth.EmailNotVerified, auth.TooManyAttempts, auth.DatabaseUnavailable, auth.SigningUnavailable:
		return &auth.Error{Code: c}
	default:
		return &auth.Error{Code: auth.StateInvalid}
	}
}

// finishProviderSignIn takes up a visitor whom a provider has sent back.
func (w *Web) finishProviderSignIn(req *pageRequest) (*response, error) {
	query, to := req.r.URL.Query(), req.returnTargetFromQuery()
	verifier := cookie(req.r, verifierCookie)
	dropCookie(req.w, verifierCookie)
	if code := query.Get("error"); code != "" {
		return refused("signin", w.signInPage(form{returnTarget: to}.refusedBy(providerRefusal(code))))
	}
	if verifier == "" {
		return refused("signin", w.signInPage(form{returnTarget: to}.refusedBy(&auth.Error{Code: auth.StateInvalid})))
	}
	result, err := w.SignIn.RedeemCode(req.r.Context(), auth.Secret(query.Get("code")), verifier, req.client)
	if e, ok := refusal(err); ok && e.Code == auth.AuthorizationCodeInvalid {
		return refused("signin", w.signInPage(form{returnTarget: to}.refusedBy(&auth.Error{Code: auth.StateInvalid})))
	}
	if err != nil {
		return nil, err
	}
	a, err := w.afterSignIn(req, result, to)
	if err != nil || result.Challenge != nil || !req.reauthenticating() {
		return a, err
	}
	return w.resumeInterrupted(req, result.Grant.AccessToken)
}

// reauthenticateQuery marks the way back of somebody who was signed in already and
// proves by it who they are.
const reauthenticateQuery = "?again=yes"

func (req *pageRequest) reauthenticating() bool { return req.r.URL.Query().Has("again") }
