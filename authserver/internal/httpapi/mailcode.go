// SPDX-License-Identifier: Apache-2.0

package httpapi

import (
	"context"
	"net/http"

	"github.com/realmkeeper/realmkeeper/authserver/internal/auth"
	"github.com/realmkeeper/realmkeeper/authserver/internal/request"
)

func (a *API) mailCodeRoutes() []route {
	return []route{
		endpoint(a, route{
			method: "POST", path: "/api/auth/login/mail-code", status: http.StatusAccepted,
			summary: "Mail a code to sign in with",
			rate:    request.RateMail,
			refuses: []auth.Code{auth.MailCodeOff, auth.EmailUnavailable},
		}, a.mailCode),
		endpoint(a, route{
			method: "POST", path: "/api/auth/login/mail-code/verify", status: http.StatusOK,
			summary: "Log in with a mailed code and the handle that it was asked for with",
			rate:    request.RateCode,
			refuses: []auth.Code{
				auth.MailCodeOff, auth.EmailUnavailable, auth.CodeInvalid, auth.ChallengeInvalid, auth.AccountLocked, auth.TooManyAttempts,
				auth.AccountDisabled, auth.Busy, auth.SigningUnavailable,
			},
		}, a.loginWithMailCode),
	}
}

// mailCodeBody is the same whether or not the address has an account.
type mailCodeBody struct {
	// Handle belongs to whoever has asked: without it, the code is worth nothing.
	Handle        string `json:"handle"`
	CodeExpiresIn int64  `json:"code_expires_in"`
}

func (a *API) mailCode(ctx context.Context, r call[emailBody]) (mailCodeBody, error) {
	begun, err := a.MailCodes.Begin(ctx, r.Body.Email, nil, r.Client)
	return mailCodeBody{string(begun.Handle), seconds(begun.Lifetime)}, err
}

type mailCodeLoginBody struct {
	Handle auth.Secret `json:"handle" required:"true" maxLength:"1024"`
	Code   auth.Secret `json:"code" required:"true" maxLength:"64"`
}

func (a *API) loginWithMailCode(ctx context.Context, r call[mailCodeLoginBody]) (signInBody, error) {
	result, err := a.MailCodes.Finish(ctx, r.Body.Handle, r.Body.Code, r.Client)
	if err != nil {
		return signInBody{}, err
	}
	return signInOf(result, r.KeepDevice), nil
}
