// SPDX-License-Identifier: Apache-2.0

package web

import (
	"net/http"
	"strconv"

	"github.com/realmkeeper/realmkeeper/authserver/internal/auth"
	"github.com/realmkeeper/realmkeeper/authserver/realmconfig"
)

// form is a form that is shown again after a refusal, with what was typed into
// it but for secrets.
type form struct {
	Email    string
	ReturnTo string
	// Refused is why, and Seconds when to try again; empty and zero at first.
	Refused auth.Code
	Seconds int
	// AttemptsLeft is empty where guesses are not counted.
	AttemptsLeft string
}

func (f form) refusedBy(e *auth.Error) form {
	f.Refused, f.Seconds = e.Code, waiting(e)
	if e.AttemptsLeft != nil {
		f.AttemptsLeft = strconv.Itoa(*e.AttemptsLeft)
	}
	return f
}

// start is where people land who type the realm's address.
func (w *Web) start(v *visit) (*answer, error) {
	if hasSession(v.r) {
		return goOn("/account")
	}
	return goOn("/signin")
}

type signInPage struct {
	form
	Registration bool
	Providers    []provider
}

type provider struct{ Name, DisplayName string }

func (w *Web) signInPage(f form) signInPage {
	settings := w.Settings()
	p := signInPage{form: f, Registration: settings.Registration.Mode == realmconfig.Open}
	for _, other := range settings.Providers {
		p.Providers = append(p.Providers, provider{other.Name, other.DisplayName})
	}
	return p
}

func (w *Web) showSignIn(v *visit) (*answer, error) {
	return show("signin", w.signInPage(form{ReturnTo: v.r.URL.Query().Get("return_to")}))
}

func (w *Web) signIn(v *visit) (*answer, error) {
	f := form{Email: v.field("email", auth.MaxEmailLength), ReturnTo: v.field("return_to", maxURL)}
	result, err := w.Auth.Login(v.r.Context(), auth.Credentials{Email: f.Email, Password: v.secret("password")}, v.client)
	if e, ok := refusal(err); ok && statusOf(e.Code) < http.StatusInternalServerError {
		return &answer{template: "signin", status: statusOf(e.Code), data: w.signInPage(f.refusedBy(e))}, nil
	}
	if err != nil {
		return nil, err
	}
	return w.afterSignIn(v, result, f.ReturnTo)
}

func (w *Web) signOut(v *visit) (*answer, error) {
	err := w.Auth.Logout(v.r.Context(), "", cookie(v.r, refreshCookie))
	if e, ok := refusal(err); err != nil && !(ok && e.Code == auth.TokenMissing) {
		return nil, err
	}
	v.forget()
	return goOn("/signed-out")
}

func (w *Web) signedOut(*visit) (*answer, error) { return show("done", done{"signed-out", "/signin"}) }
