// SPDX-License-Identifier: Apache-2.0

package httpapi

import (
	"context"
	"net/http"

	"github.com/realmkeeper/realmkeeper/authserver/internal/auth"
	"github.com/realmkeeper/realmkeeper/authserver/internal/request"
	"github.com/realmkeeper/realmkeeper/authserver/internal/signin"
)

func (a *API) passkeySignInRoutes() []route {
	return []route{
		endpoint(a, route{
			method: "POST", path: "/api/auth/passkey/begin", status: http.StatusOK,
			summary: "Begin to log in with a passkey: give the options to navigator.credentials.get",
			rate:    request.RatePasskey,
			refuses: []auth.Code{auth.NotFound},
		}, a.askPasskey),
		endpoint(a, route{
			method: "POST", path: "/api/auth/passkey", status: http.StatusOK,
			summary: "Log in with the passkey that the browser brought back",
			rate:    request.RateLogin,
			refuses: []auth.Code{
				auth.NotFound, auth.PasskeyInvalid, auth.PasskeyUnverified, auth.AccountDisabled, auth.EmailNotVerified,
				auth.SigningUnavailable,
			},
		}, a.passkeyLogin),
		endpoint(a, route{
			method: "POST", path: "/api/auth/2fa/passkey/begin", status: http.StatusOK,
			summary: "Begin to complete a login with a passkey: give the options to navigator.credentials.get",
			rate:    request.RateCode,
			refuses: []auth.Code{auth.NotFound, auth.ChallengeInvalid, auth.AccountDisabled, auth.SecondFactorMissing},
		}, a.askSecondPasskey),
		endpoint(a, route{
			method: "POST", path: "/api/auth/2fa/passkey", status: http.StatusOK,
			summary: "Complete a login with the passkey that the browser brought back",
			rate:    request.RateCode,
			refuses: []auth.Code{
				auth.NotFound, auth.ChallengeInvalid, auth.PasskeyInvalid, auth.AccountDisabled, auth.SigningUnavailable,
			},
		}, a.validatePasskey),
	}
}

func (a *API) askPasskey(ctx context.Context, _ call[empty]) (ceremonyBody, error) {
	return ceremonyOf(a.SignIn.AskPasskey(ctx))
}

// passkeyLoginBody has the credential as registrationBody has it.
type passkeyLoginBody struct {
	Ceremony   auth.Secret `json:"ceremony" required:"true" maxLength:"128"`
	Credential string      `json:"credential" required:"true" maxLength:"32768"`
}

func (b passkeyLoginBody) answer() signin.PasskeyAnswer {
	return signin.PasskeyAnswer{Ceremony: b.Ceremony, Credential: b.Credential}
}

func (a *API) passkeyLogin(ctx context.Context, r call[passkeyLoginBody]) (tokensBody, error) {
	result, err := a.SignIn.PasskeyLogin(ctx, r.Body.answer(), r.Client)
	if err != nil {
		return tokensBody{}, err
	}
	return tokensOf(result.Grant, r.KeepDevice), nil
}

type challengedBody struct {
	SessionID auth.Secret `json:"session_id" required:"true" maxLength:"128"`
}

func (a *API) askSecondPasskey(ctx context.Context, r call[challengedBody]) (ceremonyBody, error) {
	return ceremonyOf(a.SignIn.AskPasskeyFor(ctx, r.Body.SessionID, r.Client))
}

type validatePasskeyBody struct {
	challengedBody
	passkeyLoginBody
}

func (a *API) validatePasskey(ctx context.Context, r call[validatePasskeyBody]) (enteredBody, error) {
	result, err := a.SignIn.AnswerWithPasskey(ctx, r.Body.SessionID, r.Body.answer(), r.Client)
	if err != nil {
		return enteredBody{}, err
	}
	return enteredBody{tokensOf(result.Grant, r.KeepDevice), noticesOf(result.Notices)}, nil
}
