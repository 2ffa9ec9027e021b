// SPDX-License-Identifier: Apache-2.0

package httpapi

import (
	"context"
	"net/http"

	"github.com/realmkeeper/realmkeeper/authserver/internal/account"
	"github.com/realmkeeper/realmkeeper/authserver/internal/auth"
	"github.com/realmkeeper/realmkeeper/authserver/internal/passkey"
	"github.com/realmkeeper/realmkeeper/authserver/internal/request"
)

// credentialRoutes are for whoever has a mailed link behind which they choose what they sign in
// with: of a registration, of a reset without a password, or of a recovery.
func (a *API) credentialRoutes() []route {
	const link = "/api/auth/credential/{token}"
	return []route{
		endpoint(a, route{
			method: "POST", path: "/api/auth/register/link", status: http.StatusAccepted,
			summary: "Mail a link behind which an account is made, with a passkey or a password",
			rate:    request.RateMail,
			refuses: []auth.Code{auth.RegistrationClosed, auth.NotFound, auth.EmailUnavailable},
		}, a.requestRegistration),
		endpoint(a, route{
			method: "GET", path: link, status: http.StatusOK,
			summary: "Say what may be chosen behind a mailed link",
			rate:    request.RateCode,
			refuses: []auth.Code{auth.CredentialTokenInvalid},
		}, a.credential),
		endpoint(a, route{
			method: "POST", path: link + "/passkey/begin", status: http.StatusOK,
			summary: "Begin to set up the passkey of a mailed link: give the options to navigator.credentials.create",
			rate:    request.RateCode,
			refuses: []auth.Code{
				auth.CredentialTokenInvalid, auth.RecoveryRequired, auth.NotFound, auth.ProofRequired, auth.CodeInvalid, auth.AccountLocked, auth.TooManyAttempts,
			},
		}, a.beginCredential),
		endpoint(a, route{
			method: "POST", path: link + "/passkey", status: http.StatusOK,
			summary: "Use up a mailed link by the passkey that the browser brought back, and log in",
			rate:    request.RateCode,
			refuses: []auth.Code{
				auth.CredentialTokenInvalid, auth.RecoveryRequired, auth.NotFound, auth.PasskeyRegistrationInvalid, auth.PasskeyUnverified, auth.PasskeyExists,
				auth.Busy, auth.SigningUnavailable,
			},
		}, a.choosePasskey),
		endpoint(a, route{
			method: "POST", path: link + "/password", status: http.StatusOK,
			summary: "Use up a mailed link by a password, and log in",
			rate:    request.RateCode,
			refuses: []auth.Code{
				auth.CredentialTokenInvalid, auth.RecoveryRequired, auth.PasswordNotOffered, auth.PasswordRejected, auth.Busy, auth.SigningUnavailable,
			},
		}, a.choosePassword),
	}
}

type registrationLinkBody struct {
	Email  string `json:"email" required:"true" maxLength:"254" format:"email"`
	Name   string `json:"name" maxLength:"200" format:"name"`
	Locale string `json:"locale" maxLength:"35" format:"locale"`
}

func (a *API) requestRegistration(ctx context.Context, r call[registrationLinkBody]) (messageBody, error) {
	return messageBody{"A mail is on its way to the address."}, a.Accounts.RequestRegistration(ctx, account.Registration{
		Email: r.Body.Email, Name: r.Body.Name, Locale: r.Body.Locale,
	}, r.Client)
}

type credentialPath struct {
	Token auth.Secret `path:"token" required:"true" maxLength:"512"`
}

// credentialBody has the purpose registration, first or recovery. While a recovery is required,
// nothing is to be chosen.
type credentialBody struct {
	Email   string          `json:"email"`
	Purpose account.Purpose `json:"purpose"`
	// Passkey and Password say what may be chosen.
	Passkey  bool `json:"passkey"`
	Password bool `json:"password"`
	// CodeRequired is set where a passkey is begun with a code of the second factor.
	CodeRequired     bool          `json:"code_required"`
	RecoveryRequired bool          `json:"recovery_required"`
	Recovery         *recoveryBody `json:"recovery"`
}

func (a *API) credential(ctx context.Context, r call[credentialPath]) (credentialBody, error) {
	c, err := a.Accounts.CheckCredential(ctx, r.Body.Token)
	return credentialBody{
		Email: c.Email, Purpose: c.Purpose, Passkey: c.Passkey, Password: c.Password, CodeRequired: c.NeedsCode,
		RecoveryRequired: c.Recovers, Recovery: recoveryOf(c.Waits),
	}, err
}

type beginCredentialBody struct {
	credentialPath
	Code auth.Secret `json:"code" maxLength:"64"`
}

func (a *API) beginCredential(ctx context.Context, r call[beginCredentialBody]) (ceremonyBody, error) {
	return ceremonyOf(a.Accounts.BeginCredential(ctx, r.Body.Token, r.Body.Code, r.Client))
}

type choosePasskeyBody struct {
	credentialPath
	registrationBody
}

func (a *API) choosePasskey(ctx context.Context, r call[choosePasskeyBody]) (signInBody, error) {
	result, err := a.Accounts.ChoosePasskey(ctx, r.Body.Token, passkey.Registration{
		Ceremony: r.Body.Ceremony, Credential: r.Body.Credential, Name: r.Body.Name,
	}, r.Client)
	if err != nil {
		return signInBody{}, err
	}
	return signInOf(result, r.KeepDevice), nil
}

type choosePasswordBody struct {
	credentialPath
	Password auth.Secret `json:"password" required:"true" maxLength:"4096"`
}

func (a *API) choosePassword(ctx context.Context, r call[choosePasswordBody]) (signInBody, error) {
	result, err := a.Accounts.ChoosePassword(ctx, r.Body.Token, r.Body.Password, r.Client)
	if err != nil {
		return signInBody{}, err
	}
	return signInOf(result, r.KeepDevice), nil
}
