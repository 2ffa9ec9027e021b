// SPDX-License-Identifier: Apache-2.0

package httpapi

import (
	"context"
	"net/http"
	"time"

	"github.com/realmkeeper/realmkeeper/authserver/internal/account"
	"github.com/realmkeeper/realmkeeper/authserver/internal/auth"
	"github.com/realmkeeper/realmkeeper/authserver/internal/request"
)

func (a *API) userRoutes() []route {
	return []route{
		endpoint(a, route{
			method: "GET", path: "/api/user/profile", status: http.StatusOK, bearer: bearerRequired,
			summary: "The user an access token speaks for",
		}, a.profile),
		endpoint(a, route{
			method: "PATCH", path: "/api/user/profile", status: http.StatusOK, bearer: bearerRequired,
			summary: "Change what the user is called and addressed in",
			rate:    request.RateChange,
		}, a.updateProfile),
		endpoint(a, route{
			method: "POST", path: "/api/user/password", status: http.StatusNoContent, bearer: bearerRequired,
			summary: "Change the password, or set the first one, and end every other session",
			rate:    request.RateLogin,
			refuses: []auth.Code{
				auth.ProofRequired, auth.InvalidCredentials, auth.AccountLocked, auth.TooManyAttempts, auth.PasswordRejected,
				auth.PasswordNotOffered, auth.Busy,
			},
		}, a.changePassword),
		endpoint(a, route{
			method: "POST", path: "/api/user/email", status: http.StatusAccepted, bearer: bearerRequired,
			summary: "Mail a link to an address that becomes the user's when it is followed",
			rate:    request.RateMail,
			refuses: append(proofRefusals(), auth.EmailTaken, auth.EmailUnavailable),
		}, a.changeEmail),
		endpoint(a, route{
			method: "DELETE", path: "/api/user", status: http.StatusNoContent, bearer: bearerRequired,
			summary: "Delete the account",
			rate:    request.RateLogin,
			refuses: append(proofRefusals(), auth.LastAdmin),
		}, a.deleteAccount),
	}
}

type profileBody struct {
	ID            string `json:"id"`
	Email         string `json:"email"`
	EmailVerified bool   `json:"email_verified"`
	Role          string `json:"role"`
	Name          string `json:"name"`
	Locale        string `json:"locale"`
	// HasPassword is false for a user who signs in in other ways.
	HasPassword bool `json:"has_password"`
	// TwoFactor is whether a sign-in of the user needs a code.
	TwoFactor   bool       `json:"two_factor"`
	CreatedAt   time.Time  `json:"created_at"`
	LastLoginAt *time.Time `json:"last_login_at"`
}

func profileOf(u auth.User) profileBody {
	return profileBody{
		ID: u.ID, Email: u.Email, EmailVerified: u.EmailVerifiedAt != nil, Role: u.Role,
		Name: u.Name, Locale: u.Locale, HasPassword: u.PasswordHash != "", TwoFactor: u.HasSecondFactor(),
		CreatedAt: u.CreatedAt, LastLoginAt: u.LastLoginAt,
	}
}

// profileChangeBody leaves alone what is not in it.
type profileChangeBody struct {
	Name   *string `json:"name" maxLength:"200" format:"name"`
	Locale *string `json:"locale" maxLength:"35" format:"locale"`
}

// passwordChangeBody needs no current password where there is none, but a recent proof.
type passwordChangeBody struct {
	Current auth.Secret `json:"current_password" maxLength:"4096"`
	New     auth.Secret `json:"new_password" required:"true" maxLength:"4096"`
}

type emailChangeBody struct {
	Email string `json:"email" required:"true" maxLength:"254" format:"email"`
	proofBody
}

func (a *API) profile(ctx context.Context, r call[empty]) (profileBody, error) {
	u, err := a.Accounts.Profile(ctx, r.Bearer)
	return profileOf(u), err
}

func (a *API) updateProfile(ctx context.Context, r call[profileChangeBody]) (profileBody, error) {
	u, err := a.Accounts.UpdateProfile(ctx, r.Bearer, account.ProfileChange{Name: r.Body.Name, Locale: r.Body.Locale}, r.Client)
	return profileOf(u), err
}

func (a *API) changePassword(ctx context.Context, r call[passwordChangeBody]) (empty, error) {
	return empty{}, a.Accounts.ChangePassword(ctx, r.Bearer, r.Body.Current, r.Body.New, r.Client)
}

func (a *API) changeEmail(ctx context.Context, r call[emailChangeBody]) (messageBody, error) {
	return messageBody{"Follow the link in the mail to the new address."},
		a.Accounts.ChangeEmail(ctx, r.Bearer, r.Body.Email, r.Body.proof(), r.Client)
}

func (a *API) deleteAccount(ctx context.Context, r call[proofBody]) (empty, error) {
	return empty{}, a.Accounts.DeleteAccount(ctx, r.Bearer, r.Body.proof(), r.Client)
}
