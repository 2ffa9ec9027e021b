// SPDX-License-Identifier: Apache-2.0

package httpapi

import (
	"context"
	"net/http"
	"reflect"

	"github.com/realmkeeper/realmkeeper/authserver/internal/auth"
	"github.com/realmkeeper/realmkeeper/authserver/internal/federation"
	"github.com/realmkeeper/realmkeeper/authserver/internal/request"
	"github.com/realmkeeper/realmkeeper/authserver/realmconfig"
)

func (a *API) federationRoutes() []route {
	return []route{
		endpoint(a, route{
			method: "GET", path: "/api/auth/providers", status: http.StatusOK,
			summary: "The identity providers that users may sign in with",
		}, a.providers),
		browserEndpoint(a, route{
			method: "GET", path: "/api/auth/oauth/{provider}", status: http.StatusFound, rate: request.RateFederation,
			summary: "Send the browser to an identity provider to sign in",
			refuses: []auth.Code{auth.ProviderUnknown, auth.ProviderUnavailable, auth.ReturnURLRefused, auth.StateInvalid},
		}, a.beginSignIn),
		browserEndpoint(a, callbackRoute(federation.CallbackPath, "Where providers send the browser back to that share a callback"), a.finishSignIn),
		browserEndpoint(a, callbackRoute(federation.CallbackPath+"/{provider}", "Where one identity provider sends the browser back to"), a.finishSignInOf),
		browserEndpoint(a, heldRoute(federation.CallbackPath, "Where providers that share a callback send a form"), a.holdAnswer),
		browserEndpoint(a, heldRoute(federation.CallbackPath+"/{provider}", "Where one identity provider sends a form"), a.holdAnswerOf),
		endpoint(a, route{
			method: "POST", path: "/api/auth/oauth/token", status: http.StatusOK, rate: request.RateFederation,
			summary: "Exchange the one-time code that the browser brought back",
			refuses: []auth.Code{
				auth.AuthorizationCodeInvalid, auth.AccountDisabled, auth.EmailNotVerified, auth.InvalidCredentials, auth.SigningUnavailable,
			},
		}, a.redeemSignInCode),
	}
}

func callbackRoute(path, summary string) route {
	return route{
		method: "GET", path: path, status: http.StatusOK, also: []int{http.StatusFound}, rate: request.RateFederation,
		summary: summary,
		out:     reflect.TypeFor[signInBody](),
		refuses: []auth.Code{
			auth.StateInvalid, auth.ProviderRefused, auth.ProviderUnavailable, auth.ProviderUnknown, auth.IdentityRefused,
			auth.IdentityUnlinked, auth.AccountDisabled, auth.EmailNotVerified, auth.InvalidCredentials, auth.TooManyAttempts,
			auth.SigningUnavailable,
		},
	}
}

type providersBody struct {
	Providers []providerBody `json:"providers"`
}

type providerBody struct {
	Name        string                   `json:"name"`
	DisplayName string                   `json:"display_name"`
	Type        realmconfig.ProviderType `json:"type"`
}

func (a *API) providers(context.Context, call[empty]) (providersBody, error) {
	body := providersBody{Providers: []providerBody{}}
	for _, p := range a.Settings().Providers {
		body.Providers = append(body.Providers, providerBody{p.Name, p.DisplayName, p.Type})
	}
	return body, nil
}

// browserEndpoint completes a route that a browser navigates to: it knows
// cookies and answers with redirects.
func browserEndpoint[In any](a *API, r route, handle func(w http.ResponseWriter, r *http.Request, in In)) route {
	r.in = reflect.TypeFor[In]()
	if r.out == nil {
		r.out = reflect.TypeFor[empty]()
	}
	decoder := decoderOf(r.in)
	r.handler = http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		h := w.Header()
		h.Set("Cache-Control", "no-store")
		h.Set("Referrer-Policy", "no-referrer") // there is a code in the address
		in := *new(In)
		err := decoder.read(w, req, &in)
		if err == nil && req.Method != r.method {
			h.Set("Allow", r.method) // a HEAD must not use anything up
			err = &auth.Error{Code: auth.MethodNotAllowed}
		}
		if err != nil {
			a.problems.Write(w, req, err)
			return
		}
		handle(w, req, in)
	})
	return r
}

// stateCookies tie a sign-in to the browser that began it. They come back with the
// provider's redirect.
func stateCookies() request.FlowCookies {
	return request.FlowCookies{Name: "__Host-rk-oauth", Most: 8, MostBytes: 512, Lifetime: federation.StateLifetime}
}

type beginSignInQuery struct {
	Provider  string `path:"provider" required:"true" maxLength:"128"`
	ReturnTo  string `query:"return_to" maxLength:"2048"`
	Challenge string `query:"code_challenge" maxLength:"43"`
	Method    string `query:"code_challenge_method" maxLength:"8" enum:"S256"`
	// Prompt is as in OpenID Connect Core 1.0, section 3.1.2.1.
	Prompt string `query:"prompt" maxLength:"8" enum:"login"`
	// Link is of an address that linking an identity answers.
	Link auth.Secret `query:"link" maxLength:"128"`
}

func (a *API) beginSignIn(w http.ResponseWriter, r *http.Request, in beginSignInQuery) {
	start, err := a.Federation.Begin(r.Context(), federation.Request{
		Provider: in.Provider, ReturnTo: in.ReturnTo, Challenge: in.Challenge, Link: in.Link, Reauthenticate: in.Prompt == "login",
	})
	switch {
	case err != nil && start.URL == "":
		a.problems.Write(w, r, err)
		return
	case err != nil:
		a.problems.Record(r, err)
	default:
		stateCookies().Keep(w, r, request.FlowOf(start.State), string(start.Browser))
	}
	redirect(w, start.URL)
}

// redirect is http.Redirect without its body, which would repeat the address.
func redirect(w http.ResponseWriter, to string) {
	w.Header().Set("Location", to)
	w.WriteHeader(http.StatusFound)
}

// callbackQuery is the provider's answer (RFC 6749, section 4.1.2; RFC 9207).
type callbackQuery struct {
	State  auth.Secret `query:"state" required:"true" maxLength:"128"`
	Code   auth.Secret `query:"code" maxLength:"4096"`
	Issuer string      `query:"iss" maxLength:"512"`
	Error  string      `query:"error" maxLength:"128"`
	Held   string      `query:"held" maxLength:"8192"`
}

// providerCallbackQuery is a callbackQuery at one provider's callback.
type providerCallbackQuery struct {
	Provider string `path:"provider" required:"true" maxLength:"128"`
	callbackQuery
}

func (a *API) finishSignIn(w http.ResponseWriter, r *http.Request, in callbackQuery) {
	a.completeSignIn(w, r, "", in)
}

func (a *API) finishSignInOf(w http.ResponseWriter, r *http.Request, in providerCallbackQuery) {
	a.completeSignIn(w, r, in.Provider, in.callbackQuery)
}

// completeSignIn sends the browser back to where the sign-in began, or answers with
// tokens where it began nowhere.
func (a *API) completeSignIn(w http.ResponseWriter, r *http.Request, provider string, in callbackQuery) {
	result, err := a.Federation.Finish(r.Context(), federation.Callback{
		Provider: provider, State: in.State, Held: in.Held, Browser: stateCookies().Of(r, request.FlowOf(in.State)),
		Answer: federation.AuthorizationAnswer{Code: in.Code, Issuer: in.Issuer, Error: in.Error},
	}, request.Client(r, a.Settings().Network))
	switch {
	case err != nil && result.ReturnTo == "":
		a.problems.Write(w, r, err)
	case result.ReturnTo != "":
		if err != nil {
			a.problems.Record(r, err)
		}
		redirect(w, result.ReturnTo)
	default:
		a.write(w, r, http.StatusOK, signInOf(result.SignIn, keeperIn(w)))
	}
}

type oauthCodeBody struct {
	Code     auth.Secret `json:"code" required:"true" maxLength:"128"`
	Verifier auth.Secret `json:"code_verifier" maxLength:"128"`
}

func (a *API) redeemSignInCode(ctx context.Context, r call[oauthCodeBody]) (signInBody, error) {
	result, err := a.SignIn.RedeemCode(ctx, r.Body.Code, r.Body.Verifier, r.Client)
	if err != nil {
		return signInBody{}, err
	}
	return signInOf(result, r.KeepDevice), nil
}
