// SPDX-License-Identifier: Apache-2.0

package web

import (
	"errors"
	"html/template"
	"net/url"
	"strconv"

	"github.com/realmkeeper/realmkeeper/authserver/internal/auth"
	"github.com/realmkeeper/realmkeeper/authserver/internal/problem"
	"github.com/realmkeeper/realmkeeper/authserver/realmconfig"
)

// form is a form that is shown again after a refusal, with what was typed into
// it but for secrets.
type form struct {
	Email string
	onward
	// Refused is why, and Seconds when to try again; empty and zero at first.
	Refused auth.Code
	Seconds int
	// AttemptsLeft is empty where guesses are not counted.
	AttemptsLeft string
}

// onward is the application that a visitor came from; empty for none. Challenge
// is of its PKCE verifier (RFC 7636, section 4.2).
type onward struct{ ReturnTo, Challenge string }

func (v *visit) onward() onward {
	return onward{v.field("return_to", maxURL), v.field("code_challenge", maxURL)}
}

// asked is what the application has put into the address.
func (v *visit) asked() onward {
	query := v.r.URL.Query()
	return onward{query.Get("return_to"), query.Get("code_challenge")}
}

// Query is the same for the next address.
func (o onward) Query() template.URL {
	if o.ReturnTo == "" {
		return ""
	}
	return template.URL("?" + url.Values{"return_to": {o.ReturnTo}, "code_challenge": {o.Challenge}}.Encode())
}

func (f form) refusedBy(e *auth.Error) form {
	f.Refused, f.Seconds = e.Code, problem.Seconds(e.RetryAfter)
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
	return signInPage{f, w.Settings().Registration.Mode == realmconfig.Open, w.providers()}
}

func (w *Web) providers() []provider {
	list := []provider{}
	for _, p := range w.Settings().Providers {
		list = append(list, provider{p.Name, p.DisplayName})
	}
	return list
}

func (w *Web) showSignIn(v *visit) (*answer, error) {
	to := v.asked()
	if to.ReturnTo == "" {
		return show("signin", w.signInPage(form{}))
	}
	if err := w.Auth.CheckReturn(to.ReturnTo, to.Challenge); err != nil {
		return nil, err
	}
	if hasSession(v.r) {
		a, err := w.goOnward(v, cookie(v.r, refreshCookie), to)
		if !errors.Is(err, errSignIn) {
			return a, err
		}
	}
	return show("signin", w.signInPage(form{onward: to}))
}

func (w *Web) signIn(v *visit) (*answer, error) {
	f := form{Email: v.field("email", auth.MaxEmailLength), onward: v.onward()}
	result, err := w.Auth.Login(v.r.Context(), auth.Credentials{Email: f.Email, Password: v.secret("password")}, v.client)
	if e, ok := explained(err); ok {
		return &answer{template: "signin", status: problem.PageStatus(e.Code), data: w.signInPage(f.refusedBy(e))}, nil
	}
	if err != nil {
		return nil, err
	}
	return w.afterSignIn(v, result, f.onward)
}

func (w *Web) signOut(v *visit) (*answer, error) {
	err := w.Auth.Logout(v.r.Context(), "", cookie(v.r, refreshCookie), v.client)
	if e, ok := refusal(err); err != nil && !(ok && e.Code == auth.TokenMissing) {
		return nil, err
	}
	v.forget()
	return goOn("/signed-out")
}

func (w *Web) signedOut(*visit) (*answer, error) { return show("done", done{"signed-out", "/signin"}) }
