// SPDX-License-Identifier: Apache-2.0

package httpapi

import (
	"context"
	"net/http"

	"github.com/realmkeeper/realmkeeper/authserver/internal/auth"
	"github.com/realmkeeper/realmkeeper/authserver/internal/passkey"
	"github.com/realmkeeper/realmkeeper/authserver/internal/qrcode"
	"github.com/realmkeeper/realmkeeper/authserver/internal/request"
	"github.com/realmkeeper/realmkeeper/authserver/internal/signin"
)

// setUpRoutes are the way on for somebody whose login has answered with stopBody.
func (a *API) setUpRoutes() []route {
	const path = "/api/auth/2fa/setup/"
	stopped := []auth.Code{auth.ChallengeInvalid, auth.AccountDisabled}
	proven := append([]auth.Code{auth.ProofRequired}, stopped...)
	finish := append([]auth.Code{auth.SigningUnavailable}, proven...)
	codes := append([]auth.Code{
		auth.EnrolmentCodeInvalid, auth.SecondFactorMissing, auth.SecondFactorExists, auth.AccountLocked, auth.TooManyAttempts,
	}, finish...)
	return []route{
		endpoint(a, route{
			method: "POST", path: path + "mail-code", status: http.StatusAccepted,
			summary: "Mail a code to whoever must set up a second factor, who shows by it that they read their mail",
			rate:    request.RateMail,
			refuses: append([]auth.Code{auth.RateLimited}, stopped...),
		}, a.mailSetUpCode),
		endpoint(a, route{
			method: "POST", path: path + "mail-code/verify", status: http.StatusOK,
			summary: "Show that code; the answer's setup_id takes the place of the one before",
			rate:    request.RateCode,
			refuses: append([]auth.Code{auth.CodeInvalid, auth.AccountLocked, auth.TooManyAttempts}, stopped...),
		}, a.showSetUpCode),
		endpoint(a, route{
			method: "POST", path: path + "totp", status: http.StatusOK,
			summary: "Make a secret for an authenticator app, and backup codes, at a login that waits for them",
			rate:    request.RateCode,
			refuses: append([]auth.Code{auth.SecondFactorExists}, proven...),
		}, a.setUpApp),
		endpoint(a, route{
			method: "POST", path: path + "totp/verify", status: http.StatusOK,
			summary: "Turn the app on with its first code, and complete the login",
			rate:    request.RateCode,
			refuses: codes,
		}, a.finishSetUpOf(auth.TOTPMethod)),
		endpoint(a, route{
			method: "POST", path: path + "sms", status: http.StatusOK,
			summary: "Send a first code to a telephone, at a login that waits for it",
			rate:    request.RateMail,
			refuses: append([]auth.Code{auth.SecondFactorExists, auth.SecondFactorUnavailable, auth.RateLimited}, proven...),
		}, a.setUpPhone),
		endpoint(a, route{
			method: "POST", path: path + "sms/verify", status: http.StatusOK,
			summary: "Take the telephone into use with its first code, and complete the login",
			rate:    request.RateCode,
			refuses: codes,
		}, a.finishSetUpOf(auth.SMSMethod)),
		endpoint(a, route{
			method: "POST", path: path + "passkey/begin", status: http.StatusOK,
			summary: "Begin to set up a passkey at a login that waits for it: give the options to navigator.credentials.create",
			rate:    request.RateCode,
			refuses: append([]auth.Code{auth.NotFound, auth.TooManyPasskeys}, proven...),
		}, a.setUpPasskey),
		endpoint(a, route{
			method: "POST", path: path + "passkey", status: http.StatusOK,
			summary: "Set up the passkey that the browser brought back, and complete the login",
			rate:    request.RateCode,
			refuses: append([]auth.Code{auth.NotFound, auth.PasskeyRegistrationInvalid, auth.PasskeyExists}, finish...),
		}, a.finishSetUpPasskey),
	}
}

// stopBody is what a login answers for somebody who must set up a second factor first.
type stopBody struct {
	RequireSetUp   bool          `json:"require_2fa_setup"`
	SetUpID        string        `json:"setup_id"`
	SetUpExpiresIn int64         `json:"setup_expires_in"`
	SetUpMethods   []auth.Method `json:"setup_methods"`
	// NeedsMailCode is set while a mailed code has to be shown before anything is set up.
	NeedsMailCode bool `json:"setup_needs_mail_code"`
	// HasPasskey is set for somebody who can complete the login at 2fa/passkey instead, with
	// the setup_id as session_id.
	HasPasskey bool `json:"setup_has_passkey"`
}

func stopOf(s signin.Stop) stopBody {
	return stopBody{true, string(s.ID), seconds(s.Lifetime), s.Methods, s.MailCode, s.Passkey}
}

type setUpBody struct {
	SetUpID auth.Secret `json:"setup_id" required:"true" maxLength:"128"`
}

func (a *API) mailSetUpCode(ctx context.Context, r call[setUpBody]) (textBody, error) {
	lifetime, err := a.SignIn.MailSetUpCode(ctx, r.Body.SetUpID, r.Client)
	return textBody{seconds(lifetime)}, err
}

type setUpCodeBody struct {
	setUpBody
	Code auth.Secret `json:"code" required:"true" maxLength:"64"`
}

func (a *API) showSetUpCode(ctx context.Context, r call[setUpCodeBody]) (stopBody, error) {
	next, err := a.SignIn.ShowSetUpCode(ctx, r.Body.SetUpID, r.Body.Code, r.Client)
	if err != nil {
		return stopBody{}, err
	}
	return stopOf(next), nil
}

func (a *API) setUpApp(ctx context.Context, r call[setUpBody]) (enrolmentBody, error) {
	e, err := a.SignIn.SetUpApp(ctx, r.Body.SetUpID, r.Client)
	if err != nil {
		return enrolmentBody{}, err
	}
	picture, err := qrcode.DataURI(string(e.URL))
	return enrolmentBody{Secret: string(e.Secret), URL: string(e.URL), QRCode: picture, BackupCodes: texts(e.BackupCodes)}, err
}

type setUpPhoneBody struct {
	setUpBody
	Phone string `json:"phone" required:"true" maxLength:"32"`
}

func (a *API) setUpPhone(ctx context.Context, r call[setUpPhoneBody]) (phoneAddedBody, error) {
	e, lifetime, err := a.SignIn.SetUpPhone(ctx, r.Body.SetUpID, r.Body.Phone, r.Client)
	if err != nil {
		return phoneAddedBody{}, err
	}
	return phoneAddedBody{textBody{seconds(lifetime)}, texts(e.BackupCodes)}, nil
}

func (a *API) finishSetUpOf(method auth.Method) func(context.Context, call[setUpCodeBody]) (enteredBody, error) {
	return func(ctx context.Context, r call[setUpCodeBody]) (enteredBody, error) {
		result, err := a.SignIn.FinishSetUp(ctx, r.Body.SetUpID, method, r.Body.Code, r.Client)
		if err != nil {
			return enteredBody{}, err
		}
		return enteredOf(result, r.KeepDevice), nil
	}
}

func (a *API) setUpPasskey(ctx context.Context, r call[setUpBody]) (ceremonyBody, error) {
	return ceremonyOf(a.SignIn.SetUpPasskey(ctx, r.Body.SetUpID, r.Client))
}

type setUpPasskeyBody struct {
	setUpBody
	registrationBody
}

// setUpDoneBody has backup codes when the passkey is a second factor, which they stand in for.
type setUpDoneBody struct {
	enteredBody
	BackupCodes []string `json:"backup_codes,omitempty"`
}

func (a *API) finishSetUpPasskey(ctx context.Context, r call[setUpPasskeyBody]) (setUpDoneBody, error) {
	result, codes, err := a.SignIn.FinishSetUpPasskey(ctx, r.Body.SetUpID, passkey.Registration{
		Ceremony: r.Body.Ceremony, Credential: r.Body.Credential, Name: r.Body.Name,
	}, r.Client)
	if err != nil {
		return setUpDoneBody{}, err
	}
	return setUpDoneBody{enteredOf(result, r.KeepDevice), texts(codes)}, nil
}
