// SPDX-License-Identifier: Apache-2.0

package web

import (
	"github.com/realmkeeper/realmkeeper/authserver/internal/account"
	"github.com/realmkeeper/realmkeeper/authserver/internal/auth"
	"github.com/realmkeeper/realmkeeper/authserver/internal/request"
	"github.com/realmkeeper/realmkeeper/authserver/realmconfig"
)

func (w *Web) registrationPages() []page {
	return []page{
		{"GET /register", request.Unlimited, w.showRegister},
		{"POST /register", request.RateRegister, w.register},
		{"POST /verify-email", request.RateMail, w.resendVerification},
	}
}

func (w *Web) showRegister(req *pageRequest) (*response, error) {
	if w.Settings().Registration.Mode != realmconfig.Open {
		return nil, &auth.Error{Code: auth.RegistrationClosed}
	}
	f := w.registerPage()
	f.returnTarget = req.returnTarget()
	return show("register", f)
}

// registerPage asks for a password, or mails a link behind which somebody chooses.
type registerPage struct {
	passwordForm
	ByLink bool
}

func (w *Web) registerPage() registerPage {
	return registerPage{w.passwordForm(), w.Settings().Registration.OffersPasskeys()}
}

func (p registerPage) rejectedBy(e *auth.Error) registerPage {
	p.passwordForm = p.passwordForm.rejectedBy(e)
	return p
}

func (w *Web) register(req *pageRequest) (*response, error) {
	f := w.registerPage()
	f.returnTarget = req.returnTarget()
	f.Email, f.Name = req.field("email", auth.MaxEmailLength), req.field("name", maxName)
	switch {
	case !auth.PlausibleEmail(f.Email):
		return refused("register", f.rejectedBy(invalid("email")))
	case !auth.PlausibleName(f.Name):
		return refused("register", f.rejectedBy(invalid("name")))
	}
	wanted := account.Registration{Email: f.Email, Password: req.secret("password"), Name: f.Name, Locale: req.language.Tag}
	if f.ByLink {
		return w.registerByLink(req, wanted)
	}
	err := w.Accounts.Register(req.r.Context(), wanted, req.client)
	if e, ok := refusal(err); ok && (e.Code == auth.PasswordRejected || e.Code == auth.EmailTaken) {
		return refused("register", f.rejectedBy(e))
	}
	if err != nil {
		return nil, err
	}
	w.keepJourney(req)
	return show("sent", sent{"verify", f.Email, f.returnTarget})
}

func (w *Web) registerByLink(req *pageRequest, r account.Registration) (*response, error) {
	if err := w.Accounts.RequestRegistration(req.r.Context(), r, req.client); err != nil {
		return nil, err
	}
	w.keepJourney(req)
	return show("sent", sent{"register", r.Email, req.returnTarget()})
}

func (w *Web) resendVerification(req *pageRequest) (*response, error) {
	f := form{Email: req.field("email", auth.MaxEmailLength), returnTarget: req.returnTarget()}
	if !auth.PlausibleEmail(f.Email) {
		return refused("verify", verifyPage{form: f.refusedBy(invalid("email"))})
	}
	if err := w.Accounts.ResendVerification(req.r.Context(), f.Email, req.client); err != nil {
		return nil, err
	}
	w.keepJourney(req)
	return show("sent", sent{"verify", f.Email, f.returnTarget})
}
