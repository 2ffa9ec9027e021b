// SPDX-License-Identifier: Apache-2.0

package realmtest

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
)

// App is an application that speaks a realm's JSON API, and keeps the tokens that
// it was given last. What the realm refuses is a Problem.
type App struct {
	// URL is the realm's issuer, which HTTP reaches.
	URL    string
	HTTP   *http.Client
	Tokens Tokens
}

// Tokens are what a login is answered with. Lifetimes are in seconds.
type Tokens struct {
	Access           string `json:"access_token"`
	Type             string `json:"token_type"`
	ExpiresIn        int    `json:"expires_in"`
	Refresh          string `json:"refresh_token"`
	RefreshExpiresIn int    `json:"refresh_expires_in"`
	Device           string `json:"device_token"`
}

// Profile is what a user may know of themselves.
type Profile struct {
	ID, Email, Role, Name string
	EmailVerified         bool `json:"email_verified"`
}

// Challenge is what a login is answered with when the user has a second factor.
// LogIn returns it as an error.
type Challenge struct {
	Require   bool     `json:"require_2fa"`
	SessionID string   `json:"session_id"`
	ExpiresIn int      `json:"session_expires_in"` // in seconds
	Methods   []string `json:"methods"`
}

func (c *Challenge) Error() string { return fmt.Sprintf("asked for a second factor: %v", c.Methods) }

// Enrolment is what a user is shown once of a new authenticator app.
type Enrolment struct {
	Secret      string   `json:"secret"`
	URL         string   `json:"otpauth_url"`
	QRCode      string   `json:"qr_code"`
	BackupCodes []string `json:"backup_codes"`
}

// NewApp has connections of its own to the server, and no tokens.
func (s *Server) NewApp() *App { return &App{URL: s.URL(), HTTP: s.NewClient(true)} }

// Register makes an account. Depending on the realm, its address must be verified
// before LogIn.
func (a *App) Register(ctx context.Context, email, password string) error {
	return a.Call(ctx, http.MethodPost, "/api/auth/register", map[string]string{"email": email, "password": password}, nil)
}

// VerifyEmail takes what the link of a mail carries.
func (a *App) VerifyEmail(ctx context.Context, token, password string) error {
	return a.Call(ctx, http.MethodPost, "/api/auth/verify-email", map[string]string{"token": token, "password": password}, nil)
}

// LogIn returns a *Challenge when the user has a second factor: see Validate.
func (a *App) LogIn(ctx context.Context, email, password string) error {
	answer := struct {
		Tokens
		Challenge
	}{}
	err := a.Call(ctx, http.MethodPost, "/api/auth/login", map[string]string{"email": email, "password": password}, &answer)
	if err != nil {
		return err
	}
	if answer.Require {
		return &answer.Challenge
	}
	a.Tokens = answer.Tokens
	return nil
}

// Validate ends a login with a code of the second factor.
func (a *App) Validate(ctx context.Context, c *Challenge, code string) error {
	return a.Call(ctx, http.MethodPost, "/api/auth/2fa/validate", map[string]string{"session_id": c.SessionID, "code": code}, &a.Tokens)
}

// EnrolAuthenticator begins with an authenticator app; ConfirmAuthenticator ends it.
func (a *App) EnrolAuthenticator(ctx context.Context) (Enrolment, error) {
	e := Enrolment{}
	err := a.Call(ctx, http.MethodPost, "/api/auth/2fa/enable", nil, &e)
	return e, err
}

// ConfirmAuthenticator takes a code that the app shows.
func (a *App) ConfirmAuthenticator(ctx context.Context, code string) error {
	return a.Call(ctx, http.MethodPost, "/api/auth/2fa/verify", map[string]string{"code": code}, nil)
}

// Refresh trades the refresh token for the next pair.
func (a *App) Refresh(ctx context.Context) error {
	return a.Call(ctx, http.MethodPost, "/api/auth/refresh", map[string]string{"refresh_token": a.Tokens.Refresh}, &a.Tokens)
}

// LogOut ends the session. The app keeps the tokens, which are worth nothing now.
func (a *App) LogOut(ctx context.Context) error {
	return a.Call(ctx, http.MethodPost, "/api/auth/logout", map[string]string{"refresh_token": a.Tokens.Refresh}, nil)
}

// Profile is that of whoever has logged in.
func (a *App) Profile(ctx context.Context) (Profile, error) {
	p := Profile{}
	err := a.Call(ctx, http.MethodGet, "/api/user/profile", nil, &p)
	return p, err
}

// Call asks the API with the access token, if there is one, and decodes a success
// into out, unless that is nil.
func (a *App) Call(ctx context.Context, method, path string, in, out any) error {
	r, err := NewRequest(ctx, method, a.URL+path, in)
	if err != nil {
		return err
	}
	if a.Tokens.Access != "" {
		r.Header.Set("Authorization", "Bearer "+a.Tokens.Access)
	}
	response, err := a.HTTP.Do(r)
	if err != nil {
		return err
	}
	answer, err := ReadAnswer(response)
	if err != nil {
		return err
	}
	if answer.Status >= http.StatusMultipleChoices {
		answer.Problem.Status = answer.Status
		return answer.Problem
	}
	if out == nil {
		return nil
	}
	return json.Unmarshal([]byte(answer.Body), out)
}
