// SPDX-License-Identifier: Apache-2.0

package httpapi

import (
	"context"
	"net/http"

	"github.com/realmkeeper/realmkeeper/authserver/internal/account"
	"github.com/realmkeeper/realmkeeper/authserver/internal/auth"
	"github.com/realmkeeper/realmkeeper/authserver/internal/request"
	"github.com/realmkeeper/realmkeeper/authserver/realmconfig"
)

func (a *API) accountRoutes() []route {
	return []route{
		endpoint(a, route{
			method: "POST", path: "/api/auth/register", status: http.StatusCreated,
			summary: "Make an account",
			rate:    request.RateRegister,
			refuses: []auth.Code{auth.RegistrationClosed, auth.PasswordNotOffered, auth.EmailTaken, auth.PasswordRejected, auth.Busy},
		}, a.register),
		endpoint(a, route{
			method: "POST", path: "/api/auth/verify-email", status: http.StatusOK, bearer: bearerOptional,
			summary: "Prove an e-mail address with the token that was mailed to it and a session or the password of the account, or disown the account",
			rate:    request.RateCode,
			refuses: []auth.Code{
				auth.VerifyTokenInvalid, auth.EmailTaken, auth.ProofRequired, auth.InvalidCredentials,
				auth.AccountLocked, auth.TooManyAttempts, auth.Busy,
			},
		}, a.verifyEmail),
		endpoint(a, route{
			method: "POST", path: "/api/auth/verify-email/resend", status: http.StatusAccepted,
			summary: "Mail a new verification link",
			rate:    request.RateMail,
			refuses: []auth.Code{auth.EmailUnavailable},
		}, a.resendVerification),
		endpoint(a, route{
			method: "POST", path: "/api/auth/reset-password", status: http.StatusOK,
			summary: "Mail a link that sets a new password",
			rate:    request.RateMail,
			refuses: []auth.Code{auth.EmailUnavailable},
		}, a.requestReset),
		endpoint(a, route{
			method: "GET", path: "/api/auth/reset/{token}", status: http.StatusOK,
			summary: "Say whether a reset link still works",
			rate:    request.RateCode,
			refuses: []auth.Code{auth.ResetTokenInvalid},
		}, a.checkReset),
		endpoint(a, route{
			method: "POST", path: "/api/auth/reset/{token}", status: http.StatusOK,
			summary: "Set a new password with a reset link",
			rate:    request.RateCode,
			refuses: []auth.Code{auth.ResetTokenInvalid, auth.RecoveryRequired, auth.PasswordNotOffered, auth.PasswordRejected, auth.Busy},
		}, a.resetPassword),
	}
}

type registerBody struct {
	Email    string      `json:"email" required:"true" maxLength:"254" format:"email"`
	Password auth.Secret `json:"password" required:"true" maxLength:"4096"`
	Name     string      `json:"name" maxLength:"200" format:"name"`
	Locale   string      `json:"locale" maxLength:"35" format:"locale"`
}

type emailBody struct {
	Email string `json:"email" required:"true" maxLength:"254" format:"email"`
}

// verificationBody needs the password of an account whose session does not come
// with it, unless it discards.
type verificationBody struct {
	Token    auth.Secret `json:"token" required:"true" maxLength:"512"`
	Password auth.Secret `json:"password" maxLength:"4096"`
	Discard  bool        `json:"discard"`
}

type resetPath struct {
	Token auth.Secret `path:"token" required:"true" maxLength:"512"`
}

type resetBody struct {
	Token    auth.Secret `path:"token" required:"true" maxLength:"512"`
	Password auth.Secret `json:"password" required:"true" maxLength:"4096"`
}

// messageBody is an answer that says no more than a sentence, the same for
// everybody.
type messageBody struct {
	Message string `json:"message"`
}

// registeredBody is the same whether or not the account is new.
type registeredBody struct {
	VerificationRequired bool `json:"email_verification_required"`
}

type verifiedBody struct {
	// Verified is false when a change of address was cancelled.
	Verified bool `json:"email_verified"`
	// ResetRequired is set when the account has no password any more.
	ResetRequired bool `json:"password_reset_required,omitempty"`
}

// validBody says what the link of a reset is for where that is not the password that there is.
type validBody struct {
	Valid bool `json:"valid"`
	// PasswordMissing is set where there is none: its user chooses what they sign in with, after
	// a recovery where that is required.
	PasswordMissing  bool `json:"password_missing,omitempty"`
	RecoveryRequired bool `json:"recovery_required,omitempty"`
}

func (a *API) register(ctx context.Context, r call[registerBody]) (registeredBody, error) {
	err := a.Accounts.Register(ctx, account.Registration{
		Email: r.Body.Email, Password: r.Body.Password, Name: r.Body.Name, Locale: r.Body.Locale,
	}, r.Client)
	required := a.Settings().Registration.EmailVerification == realmconfig.VerificationRequired
	return registeredBody{VerificationRequired: required}, err
}

func (a *API) verifyEmail(ctx context.Context, r call[verificationBody]) (verifiedBody, error) {
	if r.Body.Discard {
		proved, err := a.Accounts.DisownEmail(ctx, r.Body.Token, r.Bearer, r.Client)
		return verifiedBody{Verified: proved, ResetRequired: proved}, err
	}
	return verifiedBody{Verified: true}, a.Accounts.VerifyEmail(ctx, account.Confirmation{
		Token: r.Body.Token, Access: r.Bearer, Password: r.Body.Password,
	}, r.Client)
}

func (a *API) resendVerification(ctx context.Context, r call[emailBody]) (messageBody, error) {
	return messageBody{"If the address waits to be verified, a mail is on its way to it."},
		a.Accounts.ResendVerification(ctx, r.Body.Email, r.Client)
}

func (a *API) requestReset(ctx context.Context, r call[emailBody]) (messageBody, error) {
	return messageBody{"If the address has an account, a mail is on its way to it."},
		a.Accounts.RequestReset(ctx, r.Body.Email, r.Client)
}

func (a *API) checkReset(ctx context.Context, r call[resetPath]) (validBody, error) {
	link, err := a.Accounts.CheckReset(ctx, r.Body.Token)
	return validBody{Valid: true, PasswordMissing: !link.HasPassword, RecoveryRequired: link.Recovers}, err
}

func (a *API) resetPassword(ctx context.Context, r call[resetBody]) (messageBody, error) {
	return messageBody{"The password was changed. Every session has ended."},
		a.Accounts.ResetPassword(ctx, r.Body.Token, r.Body.Password, r.Client)
}
