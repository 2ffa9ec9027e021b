// SPDX-License-Identifier: Apache-2.0

package web

import (
	"github.com/realmkeeper/realmkeeper/authserver/internal/auth"
	"github.com/realmkeeper/realmkeeper/authserver/internal/request"
	"github.com/realmkeeper/realmkeeper/authserver/internal/signin"
)

func (w *Web) choosePasswordPages() []page {
	return []page{{"POST /signin/password", request.RateLogin, w.chooseReplacement}}
}

// choosePasswordPage asks for another password, before a sign-in goes on. All of it travels in
// the form, so that any pod can take the next step.
type choosePasswordPage struct {
	passwordForm
	ID auth.Secret
	// Mails is set where a link by mail is another way.
	Mails bool
}

// Handle is the sign-in's id, in the one place where it must be printed.
func (p choosePasswordPage) Handle() string { return string(p.ID) }

func (w *Web) choosePasswordPage(req *pageRequest, id auth.Secret, email string) choosePasswordPage {
	p := choosePasswordPage{passwordForm: w.passwordForm(), ID: id, Mails: w.Settings().Email != nil}
	p.Email, p.returnTarget = email, req.returnTarget()
	return p
}

// askForPassword shows the page that a sign-in is interrupted by.
func (w *Web) askForPassword(req *pageRequest, wanted signin.PasswordWanted) (*response, error) {
	return show("choose-password", w.choosePasswordPage(req, wanted.ID, wanted.Email))
}

func (w *Web) chooseReplacement(req *pageRequest) (*response, error) {
	id := req.secret("session_id")
	result, err := w.SignIn.ChoosePassword(req.r.Context(), id, req.secret("password"), req.client)
	switch e, ok := formRefusal(err); {
	case ok && e.Code == auth.ChallengeInvalid:
		return refused("signin", w.signInPage(form{returnTarget: req.returnTarget()}.refusedBy(e)))
	case ok:
		p := w.choosePasswordPage(req, id, req.field("username", auth.MaxEmailLength))
		p.passwordForm = p.rejectedBy(e)
		return refused("choose-password", p)
	case err != nil:
		return nil, err
	}
	return w.afterSignIn(req, result)
}
