// SPDX-License-Identifier: Apache-2.0

package web

import (
	"cmp"
	"errors"
	"html/template"
	"net/url"
	"strconv"
	"strings"

	"github.com/realmkeeper/realmkeeper/authserver/internal/auth"
	"github.com/realmkeeper/realmkeeper/authserver/internal/problem"
	"github.com/realmkeeper/realmkeeper/authserver/internal/request"
	"github.com/realmkeeper/realmkeeper/authserver/internal/signin"
	"github.com/realmkeeper/realmkeeper/authserver/realmconfig"
)

func (w *Web) signInPages() []page {
	return []page{
		{"GET /{$}", request.Unlimited, w.start},
		{"GET /signin", request.Unlimited, w.showSignIn},
		{"POST /signin", request.RateLogin, w.signIn},
		{"POST /signout", request.RateRead, w.signOut},
		{"GET /signed-out", request.Unlimited, w.signedOut},
	}
}

// form is a form that is shown again after a refusal, with what was typed into
// it but for secrets.
type form struct {
	Email string
	returnTarget
	// Refused is why, and Seconds when to try again; empty and zero at first. Behind a
	// code there may be a reason, after a dot.
	Refused auth.Code
	Seconds int
	// AttemptsLeft is empty where guesses are not counted.
	AttemptsLeft string
}

// returnTarget is the journey that a visitor is on, sealed; empty for none.
type returnTarget struct{ Journey string }

func (req *pageRequest) returnTarget() returnTarget { return returnTarget{req.sealedJourney} }

// Query is the same for the next address.
func (t returnTarget) Query() template.URL {
	if t.Journey == "" {
		return ""
	}
	return template.URL("?" + url.Values{"journey": {t.Journey}}.Encode()) //nolint:gosec // url.Values has escaped it
}

func (f form) refusedBy(e *auth.Error) form {
	f.Refused, f.Seconds = withReason(e), problem.Seconds(e.RetryAfter)
	if e.AttemptsLeft != nil {
		f.AttemptsLeft = strconv.Itoa(*e.AttemptsLeft)
	}
	return f
}

// withReason is what the words for a refusal are looked up by.
func withReason(e *auth.Error) auth.Code {
	if e.Reason == "" {
		return e.Code
	}
	return e.Code + auth.Code("."+e.Reason)
}

// start is where people land who type the realm's address.
func (w *Web) start(req *pageRequest) (*response, error) {
	if hasSession(req.r) {
		return seeOther("/account")
	}
	return seeOther("/signin")
}

type signInPage struct {
	form
	Registration bool
	MailCode     bool
	Providers    []provider
	// Passkeys is set where somebody may show one, Offered where the browser is to offer them
	// by itself: not again after one was refused, since some would choose it for ever.
	Passkeys, Offered bool
}

type provider struct{ Name, DisplayName string }

func (w *Web) signInPage(f form) signInPage {
	settings := w.Settings()
	return signInPage{
		form: f, Registration: settings.Registration.Mode == realmconfig.Open, MailCode: w.mailsCodes(), Providers: w.providers(),
		Passkeys: settings.Passkeys != nil, Offered: settings.Passkeys != nil && !strings.HasPrefix(string(f.Refused), "passkey_"),
	}
}

func (w *Web) providers() []provider {
	list := []provider{}
	for _, p := range w.Settings().Providers {
		list = append(list, provider{p.Name, p.DisplayName})
	}
	return list
}

func (w *Web) showSignIn(req *pageRequest) (*response, error) {
	if req.journey.ReturnTo != "" && hasSession(req.r) {
		if err := w.Limiter.CheckRefresh(req.r); err != nil {
			return nil, err
		}
		a, err := w.returnToApplication(req, cookie(req.r, refreshCookie))
		if !errors.Is(err, errSignIn) {
			return a, err
		}
	}
	return show("signin", w.signInPage(form{Email: req.hintedEmail(), returnTarget: req.returnTarget()}))
}

// hintedEmail is whom an application has sent, if that is an address.
func (req *pageRequest) hintedEmail() string { return auth.NormalizeEmail(req.journey.LoginHint) }

func (w *Web) signIn(req *pageRequest) (*response, error) {
	f := form{Email: req.field("email", auth.MaxEmailLength), returnTarget: req.returnTarget()}
	result, err := w.SignIn.Login(req.r.Context(), signin.Credentials{Email: f.Email, Password: req.secret("password")}, req.client)
	if e, ok := formRefusal(err); ok {
		return &response{template: "signin", status: problem.PageStatus(e.Code), data: w.signInPage(f.refusedBy(e))}, nil
	}
	if err != nil {
		return nil, err
	}
	return w.afterSignIn(req, result)
}

func (w *Web) signOut(req *pageRequest) (*response, error) {
	if err := w.endBrowserSession(req); err != nil {
		return nil, err
	}
	return seeOther(cmp.Or(req.journey.Leave, "/signed-out"))
}

func (w *Web) signedOut(*pageRequest) (*response, error) {
	return show("done", done{About: "signed-out", Next: "/signin"})
}
