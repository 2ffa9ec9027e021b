// SPDX-License-Identifier: Apache-2.0

package web

import (
	"net/http"

	"github.com/realmkeeper/realmkeeper/authserver/internal/auth"
)

func (w *Web) showForgot(*visit) (*answer, error) { return show("forgot", form{}) }

// sent says that a mail is on its way, and never whether that is true.
type sent struct{ About, Email string }

func (w *Web) forgot(v *visit) (*answer, error) {
	f := form{Email: v.field("email", auth.MaxEmailLength)}
	if !auth.PlausibleEmail(f.Email) {
		return refused("forgot", f.refusedBy(invalid("email")))
	}
	if err := w.Auth.RequestReset(v.r.Context(), f.Email, v.client); err != nil {
		return nil, err
	}
	return show("sent", sent{"reset", f.Email})
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

func (w *Web) showReset(v *visit) (*answer, error) {
	f, err := w.resetForm(v)
	if err != nil {
		return w.expired(err)
	}
	return show("reset", f)
}

// resetForm names the account, for password managers to know whose password it is.
func (w *Web) resetForm(v *visit) (passwordForm, error) {
	f, err := w.passwordForm(), error(nil)
	f.Email, err = w.Auth.CheckReset(v.r.Context(), auth.Secret(v.r.PathValue("token")))
	return f, err
}

func (w *Web) reset(v *visit) (*answer, error) {
	err := w.Auth.ResetPassword(v.r.Context(), auth.Secret(v.r.PathValue("token")), v.secret("password"), v.client)
	if e, ok := refusal(err); ok && e.Code == auth.PasswordRejected {
		f, err := w.resetForm(v)
		if err != nil {
			return w.expired(err)
		}
		return refused("reset", f.rejectedBy(e))
	}
	if err != nil {
		return w.expired(err)
	}
	v.forget()
	return show("done", done{"reset", "/signin"})
}

// expired offers a new link where the old one is of no use.
func (w *Web) expired(err error) (*answer, error) {
	if e, ok := refusal(err); ok && e.Code == auth.ResetTokenInvalid {
		return refused("forgot", form{}.refusedBy(e))
	}
	return nil, err
}

// done says that something is done and where to go on.
type done struct{ About, Next string }

// refused shows a form again.
func refused(template string, data any) (*answer, error) {
	return &answer{template: template, status: http.StatusBadRequest, data: data}, nil
}
