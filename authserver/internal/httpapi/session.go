// SPDX-License-Identifier: Apache-2.0

package httpapi

import (
	"context"
	"net/http"
	"time"

	"github.com/realmkeeper/realmkeeper/authserver/internal/auth"
	"github.com/realmkeeper/realmkeeper/authserver/internal/request"
	"github.com/realmkeeper/realmkeeper/authserver/internal/session"
	"github.com/realmkeeper/realmkeeper/authserver/internal/signin"
)

func (a *API) sessionRoutes() []route {
	return []route{
		endpoint(a, route{
			method: "POST", path: "/api/auth/login", status: http.StatusOK, rate: request.RateLogin,
			summary: "Log in with e-mail and password",
			refuses: []auth.Code{
				auth.InvalidCredentials, auth.UserNotFound, auth.AccountLocked, auth.TooManyAttempts,
				auth.AccountDisabled, auth.EmailNotVerified, auth.Busy, auth.SigningUnavailable,
			},
		}, a.login),
		endpoint(a, route{
			method: "POST", path: "/api/auth/refresh", status: http.StatusOK, rate: request.RateRefresh,
			summary: "Replace a refresh token and get a new access token",
			refuses: []auth.Code{auth.RefreshTokenInvalid, auth.SigningUnavailable},
		}, a.refresh),
		endpoint(a, route{
			method: "POST", path: "/api/auth/logout", status: http.StatusNoContent, bearer: bearerOptional,
			summary: "End the session of an access token or a refresh token",
			rate:    request.RateRead,
			refuses: []auth.Code{auth.TokenMissing},
		}, a.logout),
	}
}

// A password is taken at nearly any length: one that is too long for bcrypt is
// simply wrong.
type loginBody struct {
	Email    string      `json:"email" required:"true" maxLength:"254" format:"login"`
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
	// DeviceToken is for the device's next login.
	DeviceToken string `json:"device_token,omitempty"`
}

// deviceKeeper lets the client of an answer keep a device token.
type deviceKeeper func(auth.Secret)

func keeperIn(w http.ResponseWriter) deviceKeeper {
	return func(token auth.Secret) { request.KeepDevice(w, token) }
}

// tokensOf alone makes a tokensBody, so that a browser keeps its device with every
// one, whichever body that becomes a part of. A refresh has no device token, and
// changes none.
func tokensOf(g session.Grant, keep deviceKeeper) tokensBody {
	keep(g.DeviceToken)
	return tokensBody{
		AccessToken: string(g.AccessToken), TokenType: "Bearer", ExpiresIn: seconds(g.AccessLifetime),
		RefreshToken: string(g.RefreshToken), RefreshExpiresIn: seconds(g.RefreshLifetime),
		DeviceToken: string(g.DeviceToken),
	}
}

func seconds(d time.Duration) int64 { return int64(d / time.Second) }

// signInBody is one of these: tokens, or the wish for a second factor, for one to be set up, or for
// another password. No name may stand in two, or encoding/json leaves it out.
type signInBody struct {
	*enteredBody
	*challengeBody
	*stopBody
	*newPasswordBody
}

// enteredBody is what somebody is given who is in, with what they are to be told.
type enteredBody struct {
	tokensBody
	Requirements []noticeBody `json:"requirements,omitempty"`
}

// challengeBody is what the founding document answers to a login of a user who
// has a second factor.
type challengeBody struct {
	RequireTwoFactor bool          `json:"require_2fa"`
	SessionID        string        `json:"session_id"`
	SessionExpiresIn int64         `json:"session_expires_in"`
	Methods          []auth.Method `json:"methods"`
}

func signInOf(s signin.SignIn, keep deviceKeeper) signInBody {
	if c := s.Challenge; c != nil {
		return signInBody{challengeBody: &challengeBody{
			RequireTwoFactor: true, SessionID: string(c.ID), SessionExpiresIn: seconds(c.Lifetime), Methods: c.Methods,
		}}
	}
	if s.Stop != nil {
		stopped := stopOf(*s.Stop)
		return signInBody{stopBody: &stopped}
	}
	if s.PasswordWanted != nil {
		return signInBody{newPasswordBody: newPasswordOf(s.PasswordWanted)}
	}
	entered := enteredOf(s, keep)
	return signInBody{enteredBody: &entered}
}

func enteredOf(s signin.SignIn, keep deviceKeeper) enteredBody {
	return enteredBody{tokensOf(s.Grant, keep), noticesOf(s.Notices)}
}

func (a *API) login(ctx context.Context, r call[loginBody]) (signInBody, error) {
	result, err := a.SignIn.Login(ctx, signin.Credentials{Email: r.Body.Email, Password: r.Body.Password}, r.Client)
	if err != nil {
		return signInBody{}, err
	}
	return signInOf(result, r.KeepDevice), nil
}

func (a *API) refresh(ctx context.Context, r call[refreshBody]) (tokensBody, error) {
	grant, err := a.Sessions.Refresh(ctx, r.Body.RefreshToken, r.Client)
	if err != nil {
		return tokensBody{}, err
	}
	return tokensOf(grant, r.KeepDevice), nil
}

func (a *API) logout(ctx context.Context, r call[logoutBody]) (empty, error) {
	return empty{}, a.Sessions.Logout(ctx, r.Bearer, r.Body.RefreshToken, r.Client)
}
