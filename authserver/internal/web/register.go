// SPDX-License-Identifier: Apache-2.0

package web

import (
	"github.com/realmkeeper/realmkeeper/authserver/internal/auth"
	"github.com/realmkeeper/realmkeeper/authserver/realmconfig"
)

func (w *Web) showRegister(*visit) (*answer, error) {
	if w.Settings().Registration.Mode != realmconfig.Open {
		return nil, &auth.Error{Code: auth.RegistrationClosed}
	}
	return show("register", w.passwordForm())
}

func (w *Web) register(v *visit) (*answer, error) {
	f := w.passwordForm()
	f.Email, f.Name = v.field("email", auth.MaxEmailLength), v.field("name", maxName)
	switch {
	case !auth.PlausibleEmail(f.Email):
		return refused("register", f.rejectedBy(invalid("email")))
	case !auth.PlausibleName(f.Name):
		return refused("register", f.rejectedBy(invalid("name")))
	}
	err := w.Auth.Register(v.r.Context(), auth.Registration{
		Email: f.Email, Password: v.secret("password"), Name: f.Name, Locale: v.language.Tag,
	}, v.client)
	if e, ok := refusal(err); ok && (e.Code == auth.PasswordRejected || e.Code == auth.EmailTaken) {
		return refused("register", f.rejectedBy(e))
	}
	if err != nil {
		return nil, err
	}
	return show("sent", sent{"verify", f.Email})
}

func (w *Web) resendVerification(v *visit) (*answer, error) {
	f := form{Email: v.field("email", auth.MaxEmailLength)}
	if !auth.PlausibleEmail(f.Email) {
		return refused("verify", verifyPage{form: f.refusedBy(invalid("email"))})
	}
	if err := w.Auth.ResendVerification(v.r.Context(), f.Email, v.client); err != nil {
		return nil, err
	}
	return show("sent", sent{"verify", f.Email})
}
