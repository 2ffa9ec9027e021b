// SPDX-License-Identifier: Apache-2.0

package httpapi

import (
	"context"
	"net/http"

	"github.com/realmkeeper/realmkeeper/authserver/internal/auth"
	"github.com/realmkeeper/realmkeeper/authserver/internal/request"
	"github.com/realmkeeper/realmkeeper/authserver/internal/signin"
)

func (a *API) newPasswordRoutes() []route {
	return []route{
		endpoint(a, route{
			method: "POST", path: "/api/auth/new-password", status: http.StatusOK, rate: request.RateLogin,
			summary: "Go on with a login whose password the realm does not take any more: choose another one",
			refuses: []auth.Code{
				auth.ChallengeInvalid, auth.PasswordRejected, auth.AccountDisabled, auth.EmailNotVerified, auth.Busy,
				auth.SigningUnavailable,
			},
		}, a.chooseReplacement),
	}
}

// newPasswordBody is answered to a login whose password was right, and which today's rules would
// not take.
type newPasswordBody struct {
	RequireNewPassword   bool   `json:"require_new_password"`
	NewPasswordID        string `json:"new_password_id"`
	NewPasswordExpiresIn int64  `json:"new_password_expires_in"`
}

func newPasswordOf(w *signin.PasswordWanted) *newPasswordBody {
	return &newPasswordBody{RequireNewPassword: true, NewPasswordID: string(w.ID), NewPasswordExpiresIn: seconds(w.Lifetime)}
}

type replacementBody struct {
	NewPasswordID auth.Secret `json:"new_password_id" required:"true" maxLength:"128"`
	Password      auth.Secret `json:"password" required:"true" maxLength:"4096"`
}

func (a *API) chooseReplacement(ctx context.Context, r call[replacementBody]) (signInBody, error) {
	result, err := a.SignIn.ChoosePassword(ctx, r.Body.NewPasswordID, r.Body.Password, r.Client)
	if err != nil {
		return signInBody{}, err
	}
	return signInOf(result, r.KeepDevice), nil
}
