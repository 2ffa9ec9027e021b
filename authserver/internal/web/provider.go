// SPDX-License-Identifier: Apache-2.0

package web

import (
	"net/url"
	"time"

	"golang.org/x/oauth2"

	"github.com/realmkeeper/realmkeeper/authserver/internal/auth"
	"github.com/realmkeeper/realmkeeper/authserver/internal/request"
	"github.com/realmkeeper/realmkeeper/authserver/internal/signin"
)

func (w *Web) providerPages() []page {
	return []page{
		{"GET /signin/with/{provider}", request.RateFederation, w.beginProviderSignIn},
		{"GET " + signin.ReturnPath, request.RateCode, w.finishProviderSignIn},
	}
}

// verifierCookies keep a one-time code of somebody else's from being of use in
// this browser (RFC 9700, section 4.7.1).
func verifierCookies() request.FlowCookies {
	return request.FlowCookies{Name: "__Host-rk-verifier", Most: 8, MostBytes: 512, Lifetime: time.Hour}
}

// keepVerifier makes a verifier (RFC 7636, section 4.1) that only this browser
// knows, and returns its challenge. Where the browser comes back to, the query says
// which flow it has been.
func (req *pageRequest) keepVerifier() (flow, challenge string) {
	verifier := oauth2.GenerateVerifier()
	flow = request.FlowOf(auth.Secret(verifier))
	verifierCookies().Keep(req.w, req.r, flow, verifier)
	return flow, oauth2.S256ChallengeFromVerifier(verifier)
}

// takeVerifier is the verifier of the flow that the address says has come back;
// empty when it is not this browser's.
func (req *pageRequest) takeVerifier() auth.Secret {
	return verifierCookies().Take(req.w, req.r, req.r.URL.Query().Get("flow"))
}

// ownURL is an address of a page of ours, for others to send a browser to.
func (w *Web) ownURL(path string, query url.Values) string {
	return w.Settings().Address(path) + "?" + query.Encode()
}

// beginProviderSignIn begins a sign-in through a provider as any application would,
// with a page of ours as the place to return to.
func (w *Web) beginProviderSignIn(req *pageRequest) (*response, error) {
	flow, challenge := req.keepVerifier()
	back := url.Values{"flow": {flow}}
	query := url.Values{"code_challenge": {challenge}, "code_challenge_method": {"S256"}}
	switch again := req.interruptedFlow(); {
	case again != "":
		back.Set("again", again)
		query.Set("prompt", "login")
	case req.sealedJourney != "":
		w.takeAlong(req, back)
		if req.journey.Reauthenticate {
			query.Set("prompt", "login")
		}
	}
	query.Set("return_to", w.ownURL(signin.ReturnPath, back))
	return seeOther("/api/auth/oauth/" + url.PathEscape(req.r.PathValue("provider")) + "?" + query.Encode())
}

// takeAlong puts the journey into the address to come back to, which waits here meanwhile, or
// what finds it where it is too long for that.
func (w *Web) takeAlong(req *pageRequest, back url.Values) {
	back.Set("journey", req.sealedJourney)
	if len(w.ownURL(signin.ReturnPath, back)) > maxURL {
		back.Del("journey")
		back.Set("resume", w.keepJourney(req))
	}
}

// providerRefusal is the refusal that an address of ours says a sign-in at a
// provider has come to. Anybody may write addresses: what it never comes to is
// StateInvalid, and a reason that there is not has no words.
func providerRefusal(query url.Values) *auth.Error {
	switch c := auth.Code(query.Get("error")); c {
	case auth.ProviderUnknown, auth.ProviderRefused, auth.ProviderUnavailable, auth.IdentityRefused, auth.IdentityUnlinked,
		auth.AccountDisabled, auth.EmailNotVerified, auth.TooManyAttempts, auth.DatabaseUnavailable, auth.SigningUnavailable:
		return auth.RefuseBecause(c, auth.Reason(query.Get("error_reason")))
	default:
		return &auth.Error{Code: auth.StateInvalid}
	}
}

// finishProviderSignIn takes up a visitor whom a provider has sent back.
func (w *Web) finishProviderSignIn(req *pageRequest) (*response, error) {
	w.resumeJourney(req)
	query, to, verifier := req.r.URL.Query(), req.returnTarget(), req.takeVerifier()
	if query.Get("error") != "" {
		return refused("signin", w.signInPage(form{returnTarget: to}.refusedBy(providerRefusal(query))))
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
	a, err := w.afterSignIn(req, result)
	if err != nil || result.Challenge != nil || result.Stop != nil || req.interruptedFlow() == "" {
		return a, err
	}
	return w.resumeInterrupted(req, req.access) // that of the session that goes on
}

// interruptedFlow is on the way of somebody who was signed in already, and proves by
// another sign-in who they are, the flow of what they were doing; empty for all others.
func (req *pageRequest) interruptedFlow() string {
	query := req.r.URL.Query()
	return query.Get("again")
}
