// SPDX-License-Identifier: Apache-2.0

package httpapi

import (
	"context"
	"time"

	"github.com/realmkeeper/realmkeeper/authserver/internal/auth"
)

// A password is taken at nearly any length: one that is too long for bcrypt is
// simply wrong.
type loginBody struct {
	Email    string      `json:"email" required:"true" maxLength:"254" format:"email"`
	Password auth.Secret `json:"password" required:"true" maxLength:"4096"`
}

type refreshBody struct {
	RefreshToken auth.Secret `json:"refresh_token" required:"true" maxLength:"512"`
}

type logoutBody struct {
	RefreshToken auth.Secret `json:"refresh_token" maxLength:"512"`
}

// tokensBody is named as in RFC 6749, section 5.1. Times are in seconds.
type tokensBody struct {
	AccessToken      string `json:"access_token"`
	TokenType        string `json:"token_type"`
	ExpiresIn        int64  `json:"expires_in"`
	RefreshToken     string `json:"refresh_token"`
	RefreshExpiresIn int64  `json:"refresh_expires_in"`
}

func tokensOf(g auth.Grant) tokensBody {
	return tokensBody{
		AccessToken: string(g.AccessToken), TokenType: "Bearer", ExpiresIn: seconds(g.AccessLifetime),
		RefreshToken: string(g.RefreshToken), RefreshExpiresIn: seconds(g.RefreshLifetime),
	}
}

func seconds(d time.Duration) int64 { return int64(d / time.Second) }

func (a *API) login(ctx context.Context, r request[loginBody]) (tokensBody, error) {
	grant, err := a.Auth.Login(ctx, auth.Credentials{Email: r.Body.Email, Password: r.Body.Password}, r.Client)
	if err != nil {
		return tokensBody{}, err
	}
	return tokensOf(grant), nil
}

func (a *API) refresh(ctx context.Context, r request[refreshBody]) (tokensBody, error) {
	grant, err := a.Auth.Refresh(ctx, r.Body.RefreshToken)
	if err != nil {
		return tokensBody{}, err
	}
	return tokensOf(grant), nil
}

func (a *API) logout(ctx context.Context, r request[logoutBody]) (nothing, error) {
	return nothing{}, a.Auth.Logout(ctx, r.Bearer, r.Body.RefreshToken)
}
