// SPDX-License-Identifier: Apache-2.0

package web

import (
	"slices"
	"strings"

	"github.com/realmkeeper/realmkeeper/authserver/internal/auth"
	"github.com/realmkeeper/realmkeeper/authserver/internal/problem"
	"github.com/realmkeeper/realmkeeper/authserver/internal/request"
	"github.com/realmkeeper/realmkeeper/authserver/internal/signin"
)

func (w *Web) setUpPages() []page {
	return []page{
		{"POST /signin/set-up/mail", request.RateMail, w.mailSetUpCode},
		{"POST /signin/set-up/code", request.RateCode, w.showSetUpCode},
		{"POST /signin/set-up/app", request.RateCode, w.setUpApp},
		{"POST /signin/set-up/app/verify", request.RateCode, w.finishSetUpApp},
		{"POST /signin/set-up/phone", request.RateMail, w.setUpPhone},
		{"POST /signin/set-up/phone/verify", request.RateCode, w.finishSetUpPhone},
		{"POST /signin/set-up/passkey", request.RateCode, w.setUpPasskey},
		{"POST /signin/set-up/passkey/finish", request.RateCode, w.finishSetUpPasskey},
	}
}

// Beside the methods that can be set up, a page's list says what else there is to do.
const (
	// mailFirst is set while a code has to be shown that was mailed.
	mailFirst = "mail"
	// knownPasskey is set for somebody who has a passkey already.
	knownPasskey = "known"
)

// setUpPage asks somebody who must have a second factor to set one up before they go on. All of
// it travels in the form, as that of codePage; what it says decides only what is shown.
type setUpPage struct {
	form
	ID      auth.Secret
	Methods []string
	// Sent is set once a code is on its way to their mailbox.
	Sent  bool
	Phone string
}

// Handle is the stopped sign-in's id, in the one place where it must be printed.
func (p setUpPage) Handle() string { return string(p.ID) }

// MethodList is Methods in one hidden field.
func (p setUpPage) MethodList() string { return strings.Join(p.Methods, " ") }

// Can reports whether there is something to do.
func (p setUpPage) Can(method string) bool { return slices.Contains(p.Methods, method) }

func (w *Web) setUpPageOf(req *pageRequest, s signin.Stop) setUpPage {
	p := setUpPage{form: form{returnTarget: req.returnTarget()}, ID: s.ID}
	for _, m := range s.Methods {
		p.Methods = append(p.Methods, string(m))
	}
	if s.MailCode {
		p.Methods = append(p.Methods, mailFirst)
	}
	if s.Passkey {
		p.Methods = append(p.Methods, knownPasskey)
	}
	return p
}

func (req *pageRequest) setUpPage() setUpPage {
	return setUpPage{
		form: form{returnTarget: req.returnTarget()}, ID: req.secret("session_id"),
		Methods: strings.Fields(req.field("methods", 64)), Phone: req.field("phone", maxPhone),
	}
}

// refusedSetUp asks again, or for the password when the sign-in is over.
func (w *Web) refusedSetUp(p setUpPage, err error) (*response, error) {
	e, ok := formRefusal(err)
	if r, isRefusal := refusal(err); isRefusal && r.Code == auth.ProofRequired {
		e, ok = r, true // a code has to be shown first
		if !p.Can(mailFirst) {
			p.Methods = append(p.Methods, mailFirst)
		}
	}
	switch {
	case ok && e.Code == auth.ChallengeInvalid:
		return refused("signin", w.signInPage(form{returnTarget: p.returnTarget}.refusedBy(e)))
	case ok:
		p.form = p.refusedBy(e)
		return &response{template: "set-up", status: problem.PageStatus(e.Code), data: p}, nil
	default:
		return nil, err
	}
}

func (w *Web) mailSetUpCode(req *pageRequest) (*response, error) {
	p := req.setUpPage()
	if _, err := w.SignIn.MailSetUpCode(req.r.Context(), p.ID, req.client); err != nil {
		return w.refusedSetUp(p, err)
	}
	p.Sent = true
	return show("set-up", p)
}

func (w *Web) showSetUpCode(req *pageRequest) (*response, error) {
	p := req.setUpPage()
	next, err := w.SignIn.ShowSetUpCode(req.r.Context(), p.ID, req.secret("code"), req.client)
	if err != nil {
		p.Sent = true
		return w.refusedSetUp(p, err)
	}
	return show("set-up", w.setUpPageOf(req, next))
}

// setUpAppPage shows a new app, as enrolmentPage does. Its backup codes are shown when it is
// proved: then there is a session, in which they can be kept as a file.
type setUpAppPage struct {
	setUpPage
	enrolment enrolmentPage
}

// Enrolment is what the app is given.
func (p setUpAppPage) Enrolment() enrolmentPage { return p.enrolment }

func (w *Web) setUpApp(req *pageRequest) (*response, error) {
	p := req.setUpPage()
	e, err := w.SignIn.SetUpApp(req.r.Context(), p.ID, req.client)
	if err != nil {
		return w.refusedSetUp(p, err)
	}
	enrolment, err := w.enrolmentPage(string(e.URL), texts(e.BackupCodes))
	if err != nil {
		return nil, err
	}
	return show("set-up-app", setUpAppPage{p, enrolment})
}

func (w *Web) finishSetUpApp(req *pageRequest) (*response, error) {
	p, codes := req.setUpPage(), strings.Fields(req.field("codes", 1024))
	result, err := w.SignIn.FinishSetUp(req.r.Context(), p.ID, auth.TOTPMethod, req.secret("code"), req.client)
	e, ok := formRefusal(err)
	switch {
	case err == nil:
		return w.afterSetUp(req, result, codes)
	case !ok || e.Code == auth.ChallengeInvalid || e.Code == auth.SecondFactorMissing:
		return w.refusedSetUp(p, err)
	}
	enrolment, err := w.enrolmentPage(req.field("url", maxURL), codes)
	if err != nil {
		return nil, err
	}
	p.form = p.refusedBy(e)
	return &response{template: "set-up-app", status: problem.PageStatus(e.Code), data: setUpAppPage{p, enrolment}}, nil
}

// setUpPhonePage asks for the code that was sent to a telephone, as phonePage does.
type setUpPhonePage struct {
	setUpPage
	enrolment enrolmentPage
}

// CodeList is the backup codes in one hidden field.
func (p setUpPhonePage) CodeList() string { return p.enrolment.CodeList() }

func (w *Web) setUpPhone(req *pageRequest) (*response, error) {
	p, codes := req.setUpPage(), strings.Fields(req.field("codes", 1024))
	e, _, err := w.SignIn.SetUpPhone(req.r.Context(), p.ID, p.Phone, req.client)
	refused, ok := formRefusal(err)
	switch {
	case err == nil:
		return show("set-up-phone", setUpPhonePage{p, enrolmentPage{BackupCodes: texts(e.BackupCodes)}})
	case ok && refused.Code == auth.InvalidRequest:
		return w.refusedSetUp(p, invalid("phone"))
	case ok && refused.Code == auth.RateLimited && req.field("again", 16) != "":
		p.form = p.refusedBy(refused)
		return &response{template: "set-up-phone", status: problem.PageStatus(refused.Code), data: setUpPhonePage{p, enrolmentPage{BackupCodes: codes}}}, nil
	}
	return w.refusedSetUp(p, err)
}

func (w *Web) finishSetUpPhone(req *pageRequest) (*response, error) {
	p, codes := req.setUpPage(), strings.Fields(req.field("codes", 1024))
	result, err := w.SignIn.FinishSetUp(req.r.Context(), p.ID, auth.SMSMethod, req.secret("code"), req.client)
	e, ok := formRefusal(err)
	switch {
	case err == nil:
		return w.afterSetUp(req, result, codes)
	case !ok || e.Code == auth.ChallengeInvalid || e.Code == auth.SecondFactorMissing:
		return w.refusedSetUp(p, err)
	}
	p.form = p.refusedBy(e)
	if e.Code == auth.EnrolmentCodeInvalid {
		p.Refused = auth.CodeInvalid // there is no app to look at
	}
	return &response{template: "set-up-phone", status: problem.PageStatus(e.Code), data: setUpPhonePage{p, enrolmentPage{BackupCodes: codes}}}, nil
}
