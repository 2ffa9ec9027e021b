// SPDX-License-Identifier: Apache-2.0

package httpapi

import (
	"context"
	"net/http"
	"time"

	"github.com/realmkeeper/realmkeeper/authserver/internal/auth"
	"github.com/realmkeeper/realmkeeper/authserver/internal/qrcode"
	"github.com/realmkeeper/realmkeeper/authserver/internal/request"
	"github.com/realmkeeper/realmkeeper/authserver/internal/signin"
)

func (a *API) secondFactorRoutes() []route {
	guesses := []auth.Code{auth.AccountLocked, auth.TooManyAttempts}
	proof := append(factorProofRefusals(), auth.SecondFactorMissing)
	enrolment := append([]auth.Code{
		auth.EnrolmentCodeInvalid, auth.SecondFactorMissing, auth.SecondFactorExists,
	}, guesses...)
	return []route{
		endpoint(a, route{
			method: "GET", path: "/api/auth/2fa", status: http.StatusOK, bearer: bearerRequired,
			summary: "The second factors of the user",
			rate:    request.RateRead,
		}, a.secondFactors),
		endpoint(a, route{
			method: "POST", path: "/api/auth/2fa/enable", status: http.StatusOK, bearer: bearerRequired,
			summary: "Make a secret for an authenticator app, and backup codes",
			rate:    request.RateCode,
			refuses: append(factorProofRefusals(), auth.SecondFactorExists),
		}, a.enableTOTP),
		endpoint(a, route{
			method: "POST", path: "/api/auth/2fa/verify", status: http.StatusOK, bearer: bearerRequired,
			summary: "Turn the second factor on with a first code of the app",
			rate:    request.RateCode,
			refuses: enrolment,
		}, a.verifyTOTP),
		endpoint(a, route{
			method: "POST", path: "/api/auth/2fa/validate", status: http.StatusOK,
			summary: "Complete a login with a code of the second factor",
			rate:    request.RateCode,
			refuses: append([]auth.Code{
				auth.ChallengeInvalid, auth.CodeInvalid, auth.AccountDisabled, auth.SigningUnavailable,
			}, guesses...),
		}, a.validateCode),
		endpoint(a, route{
			method: "POST", path: "/api/auth/2fa/disable", status: http.StatusOK, bearer: bearerRequired,
			summary: "Turn the second factor off",
			rate:    request.RateCode,
			refuses: proof,
		}, a.disableSecondFactors),
		endpoint(a, route{
			method: "POST", path: "/api/auth/2fa/backup-codes", status: http.StatusOK, bearer: bearerRequired,
			summary: "Replace the backup codes",
			rate:    request.RateCode,
			refuses: proof,
		}, a.renewBackupCodes),
		endpoint(a, route{
			method: "POST", path: "/api/auth/2fa/sms/enable", status: http.StatusOK, bearer: bearerRequired,
			summary: "Send a first code to a telephone",
			rate:    request.RateMail,
			refuses: append(factorProofRefusals(), auth.SecondFactorExists, auth.SecondFactorUnavailable, auth.RateLimited),
		}, a.enableSMS),
		endpoint(a, route{
			method: "POST", path: "/api/auth/2fa/sms/verify", status: http.StatusOK, bearer: bearerRequired,
			summary: "Take the telephone into use with its first code",
			rate:    request.RateCode,
			refuses: enrolment,
		}, a.verifySMS),
		endpoint(a, route{
			method: "POST", path: "/api/auth/2fa/sms/send", status: http.StatusOK, bearer: bearerOptional,
			summary: "Send a code for a login, or to the user of an access token",
			rate:    request.RateMail,
			refuses: []auth.Code{
				auth.ChallengeInvalid, auth.TokenMissing, auth.AccountDisabled, auth.SecondFactorMissing,
				auth.SecondFactorUnavailable, auth.RateLimited,
			},
		}, a.sendTextCode),
		endpoint(a, route{
			method: "POST", path: "/api/auth/2fa/sms/disable", status: http.StatusNoContent, bearer: bearerRequired,
			summary: "Remove the telephone",
			rate:    request.RateCode,
			refuses: proof,
		}, a.disableSMS),
		endpoint(a, route{
			method: "DELETE", path: "/api/admin/users/{id}/2fa", status: http.StatusNoContent, bearer: bearerRequired,
			summary: "Remove a user's second factors and passkeys",
			rate:    request.RateCode,
			refuses: append(proofRefusals(), auth.PermissionDenied, auth.NotFound, auth.SecondFactorMissing),
		}, a.resetSecondFactors),
	}
}

// factorsBody names the methods that a login may be completed with.
type factorsBody struct {
	Enabled         bool         `json:"enabled"`
	Methods         []factorBody `json:"methods"`
	BackupCodesLeft int          `json:"backup_codes_left"`
}

type factorBody struct {
	Method auth.Method `json:"method"`
	Since  time.Time   `json:"since"`
}

func (a *API) secondFactors(ctx context.Context, r call[empty]) (factorsBody, error) {
	factors, err := a.Accounts.SecondFactors(ctx, r.Bearer)
	if err != nil {
		return factorsBody{}, err
	}
	body := factorsBody{Methods: []factorBody{}, BackupCodesLeft: factors.BackupCodes}
	for _, f := range factors.All {
		if f.VerifiedAt != nil {
			body.Methods = append(body.Methods, factorBody{f.Method, *f.VerifiedAt})
		}
	}
	if since := factors.SecurityKeySince; since != nil {
		body.Methods = append(body.Methods, factorBody{auth.SecurityKeyMethod, *since})
	}
	body.Enabled = len(body.Methods) > 0
	return body, nil
}

// enrolmentBody is shown once: nothing in it can be asked for again.
type enrolmentBody struct {
	Secret      string   `json:"secret"`
	URL         string   `json:"otpauth_url"`
	QRCode      string   `json:"qr_code"`
	BackupCodes []string `json:"backup_codes"`
}

func (a *API) enableTOTP(ctx context.Context, r call[proofBody]) (enrolmentBody, error) {
	e, err := a.Accounts.EnableTOTP(ctx, r.Bearer, r.Body.proof(), r.Client)
	if err != nil {
		return enrolmentBody{}, err
	}
	picture, err := qrcode.DataURI(string(e.URL))
	return enrolmentBody{
		Secret: string(e.Secret), URL: string(e.URL), QRCode: picture, BackupCodes: texts(e.BackupCodes),
	}, err
}

func texts(codes []auth.Secret) []string {
	list := []string{}
	for _, c := range codes {
		list = append(list, string(c))
	}
	return list
}

// A code is taken as people paste it: with white space, hyphens, and digits of other
// widths and scripts, which have up to four bytes each.
type codeBody struct {
	Code auth.Secret `json:"code" required:"true" maxLength:"64"`
}

type enabledBody struct {
	Enabled bool `json:"enabled"`
}

func (a *API) verifyTOTP(ctx context.Context, r call[codeBody]) (enabledBody, error) {
	return enabledBody{true}, a.Accounts.VerifyTOTP(ctx, r.Bearer, r.Body.Code, r.Client)
}

type validateBody struct {
	SessionID auth.Secret `json:"session_id" required:"true" maxLength:"128"`
	Code      auth.Secret `json:"code" required:"true" maxLength:"64"`
	Method    auth.Method `json:"method" maxLength:"16" enum:"totp,sms,backup_code"`
}

type validatedBody struct {
	enteredBody
	BackupCodesLeft int `json:"backup_codes_left"`
}

func (a *API) validateCode(ctx context.Context, r call[validateBody]) (validatedBody, error) {
	admitted, err := a.SignIn.AnswerChallenge(ctx, signin.Answer{
		Challenge: r.Body.SessionID, Code: r.Body.Code, Method: r.Body.Method,
	}, r.Client)
	if err != nil {
		return validatedBody{}, err
	}
	return validatedBody{enteredBody{tokensOf(admitted.Grant, r.KeepDevice), noticesOf(admitted.Notices)}, admitted.BackupCodesLeft}, nil
}

func (a *API) disableSecondFactors(ctx context.Context, r call[proofBody]) (enabledBody, error) {
	return enabledBody{false}, a.Accounts.DisableSecondFactors(ctx, r.Bearer, r.Body.proof(), r.Client)
}

type backupCodesBody struct {
	BackupCodes []string `json:"backup_codes"`
}

func (a *API) renewBackupCodes(ctx context.Context, r call[proofBody]) (backupCodesBody, error) {
	codes, err := a.Accounts.RenewBackupCodes(ctx, r.Bearer, r.Body.proof(), r.Client)
	if err != nil {
		return backupCodesBody{}, err
	}
	return backupCodesBody{texts(codes)}, nil
}

type phoneBody struct {
	Phone string `json:"phone" required:"true" maxLength:"32"`
	proofBody
}

// textBody is in seconds.
type textBody struct {
	CodeExpiresIn int64 `json:"code_expires_in"`
}

// phoneAddedBody has backup codes when the telephone is the first second factor.
type phoneAddedBody struct {
	textBody
	BackupCodes []string `json:"backup_codes,omitempty"`
}

func (a *API) enableSMS(ctx context.Context, r call[phoneBody]) (phoneAddedBody, error) {
	e, lifetime, err := a.Accounts.EnableSMS(ctx, r.Bearer, r.Body.Phone, r.Body.proof(), r.Client)
	if err != nil {
		return phoneAddedBody{}, err
	}
	return phoneAddedBody{textBody{seconds(lifetime)}, texts(e.BackupCodes)}, nil
}

func (a *API) verifySMS(ctx context.Context, r call[codeBody]) (enabledBody, error) {
	return enabledBody{true}, a.Accounts.VerifySMS(ctx, r.Bearer, r.Body.Code, r.Client)
}

type sendTextBody struct {
	SessionID auth.Secret `json:"session_id" maxLength:"128"`
}

func (a *API) sendTextCode(ctx context.Context, r call[sendTextBody]) (textBody, error) {
	send := func() (time.Duration, error) { return a.SignIn.TextChallenge(ctx, r.Body.SessionID, r.Client) }
	if r.Body.SessionID == "" {
		send = func() (time.Duration, error) { return a.Accounts.TextProof(ctx, r.Bearer, r.Client) }
	}
	lifetime, err := send()
	return textBody{seconds(lifetime)}, err
}

func (a *API) disableSMS(ctx context.Context, r call[proofBody]) (empty, error) {
	return empty{}, a.Accounts.DisableSMS(ctx, r.Bearer, r.Body.proof(), r.Client)
}

func (a *API) resetSecondFactors(ctx context.Context, r call[provenUserPath]) (empty, error) {
	return empty{}, a.Admin.ResetSecondFactors(ctx, r.Bearer, r.Body.ID, r.Body.proof(), r.Client)
}
