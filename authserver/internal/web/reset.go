// SPDX-License-Identifier: Apache-2.0

package web

import (
	"net/http"

	"github.com/realmkeeper/realmkeeper/authserver/internal/account"
	"github.com/realmkeeper/realmkeeper/authserver/internal/auth"
	"github.com/realmkeeper/realmkeeper/authserver/internal/request"
)

func (w *Web) resetPages() []page {
	return []page{
		{"GET /forgot", request.Unlimited, w.showForgot},
		{"POST /forgot", request.RateMail, w.forgot},
		{"GET /reset/{token}", request.RateCode, w.showReset},
		{"POST /reset/{token}", request.RateCode, w.reset},
	}
}

func (w *Web) showForgot(req *pageRequest) (*response, error) {
	return show("forgot", w.forgotPage(form{returnTarget: req.returnTarget()}))
}

// forgotPage is for people with a password, and for those who sign in in other ways.
type forgotPage struct {
	form
	Others bool
}

func (w *Web) forgotPage(f form) forgotPage { return forgotPage{f, w.othersThanPasswords()} }

// othersThanPasswords reports whether there are people in the realm who may have no password.
func (w *Web) othersThanPasswords() bool {
	settings := w.Settings()
	return settings.Passkeys != nil || len(settings.Providers) > 0
}

// sent says that a mail is on its way, and never whether that is true.
type sent struct {
	About, Email string
	returnTarget
}

func (w *Web) forgot(req *pageRequest) (*response, error) {
	f := form{Email: req.field("email", auth.MaxEmailLength), returnTarget: req.returnTarget()}
	if !auth.PlausibleEmail(f.Email) {
		return refused("forgot", w.forgotPage(f.refusedBy(invalid("email"))))
	}
	if err := w.Accounts.RequestReset(req.r.Context(), f.Email, req.client); err != nil {
		return nil, err
	}
	w.keepJourney(req)
	return show("sent", sent{"reset", f.Email, f.returnTarget})
}

// maxName bounds a name, in bytes.
const maxName = 200

// passwordForm is a form with a new password in it.
type passwordForm struct {
	form
	Name      string
	MinLength int
	// Reasons name what is wrong with the password.
	Reasons []string
}

func (w *Web) passwordForm() passwordForm {
	return passwordForm{MinLength: w.Settings().Passwords.MinLength}
}

func (f passwordForm) rejectedBy(e *auth.Error) passwordForm {
	f.form = f.refusedBy(e)
	for _, p := range e.Fields {
		if p.Rule != "" {
			f.Reasons = append(f.Reasons, p.Rule)
		}
	}
	return f
}

func (w *Web) showReset(req *pageRequest) (*response, error) {
	link, err := w.Accounts.CheckReset(req.r.Context(), req.mailedToken())
	switch {
	case err != nil:
		return w.resetExpired(err)
	case !link.HasPassword:
		return seeOther("/credential/" + string(req.mailedToken()))
	}
	return show("reset", w.resetForm(link))
}

// resetForm names the account, for password managers to know whose password it is.
func (w *Web) resetForm(link account.ResetLink) passwordForm {
	f := w.passwordForm()
	f.Email = link.Email
	return f
}

func (w *Web) reset(req *pageRequest) (*response, error) {
	err := w.Accounts.ResetPassword(req.r.Context(), auth.Secret(req.r.PathValue("token")), req.secret("password"), req.client)
	if e, ok := refusal(err); ok && e.Code == auth.PasswordRejected {
		link, err := w.Accounts.CheckReset(req.r.Context(), req.mailedToken())
		if err != nil {
			return w.resetExpired(err)
		}
		return refused("reset", w.resetForm(link).rejectedBy(e))
	}
	if err != nil {
		return w.resetExpired(err)
	}
	req.clearSession()
	return w.afterMail(req, "reset", "/signin")
}

// resetExpired offers a new link where the old one is of no use.
func (w *Web) resetExpired(err error) (*response, error) {
	if e, ok := refusal(err); ok && e.Code == auth.ResetTokenInvalid {
		return refused("forgot", w.forgotPage(form{}.refusedBy(e)))
	}
	return nil, err
}

// done says that something is done and where to go on.
type done struct {
	About, Next string
	// Elsewhere is set where an application may be waiting in another browser.
	Elsewhere bool
}

// refused shows a form again.
func refused(template string, data any) (*response, error) {
	return &response{template: template, status: http.StatusBadRequest, data: data}, nil
}
