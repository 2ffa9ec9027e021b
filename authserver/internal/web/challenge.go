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

func (w *Web) challengePages() []page {
	return []page{
		{"POST /signin/code", request.RateCode, w.enterCode},
		{"POST /signin/sms", request.RateMail, w.sendCode},
	}
}

// codePage asks for a second factor. All of it travels in the form, so that any
// pod can take the next step; what it says of methods only decides what is shown.
type codePage struct {
	form
	ID      auth.Secret
	Methods []string
	// Sent is set once a code is on its way to the telephone.
	Sent bool
	// SetUp is set for somebody who has just set up their factor.
	SetUp bool
	// Declinable is set for somebody who may go on without.
	Declinable bool
}

// Handle is the challenge's id, in the one place where it must be printed.
func (p codePage) Handle() string { return string(p.ID) }

// MethodList is Methods in one hidden field.
func (p codePage) MethodList() string { return strings.Join(p.Methods, " ") }

// App reports whether there is an app that shows codes.
func (p codePage) App() bool { return slices.Contains(p.Methods, string(auth.TOTPMethod)) }

// SMS reports whether a code can be sent to a telephone.
func (p codePage) SMS() bool { return slices.Contains(p.Methods, string(auth.SMSMethod)) }

// Key reports whether a passkey may be shown.
func (p codePage) Key() bool {
	return slices.Contains(p.Methods, string(auth.PasskeyMethod)) || slices.Contains(p.Methods, string(auth.SecurityKeyMethod))
}

// Backup reports whether there are backup codes.
func (p codePage) Backup() bool { return slices.Contains(p.Methods, string(auth.BackupCodeMethod)) }

func (req *pageRequest) codePage() codePage {
	return codePage{
		form: form{returnTarget: req.returnTarget()}, ID: req.secret("session_id"),
		Methods: strings.Fields(req.field("methods", 64)), Declinable: req.wantsMore(),
	}
}

// codePageOf is the page of a challenge that has just been made.
func (req *pageRequest) codePageOf(c signin.Challenge) codePage {
	p := codePage{form: form{returnTarget: req.returnTarget()}, ID: c.ID, Declinable: req.wantsMore()}
	for _, m := range c.Methods {
		p.Methods = append(p.Methods, string(m))
	}
	return p
}

// afterSignIn goes on with a session, or asks for what is wanted before: another password, a
// second factor, or for one to be set up.
func (w *Web) afterSignIn(req *pageRequest, result signin.SignIn) (*response, error) {
	if c := result.Challenge; c != nil {
		return show("code", req.codePageOf(*c))
	}
	if wanted := result.PasswordWanted; wanted != nil {
		return w.askForPassword(req, *wanted)
	}
	if result.Stop != nil {
		return show("set-up", w.setUpPageOf(req, *result.Stop))
	}
	if len(result.Notices) > 0 && req.interruptedFlow() == "" {
		return w.showNotice(req, result)
	}
	grant, err := w.Sessions.Continue(req.r.Context(), result.Grant, cookie(req.r, refreshCookie), req.client)
	if err != nil {
		return nil, err
	}
	result.Grant = grant
	if req.journey.ReturnTo != "" {
		request.KeepDevice(req.w, grant.DeviceToken)
		w.endJourney(req)
		return w.returnToApplication(req, grant.RefreshToken)
	}
	w.setSession(req, grant)
	if req.sealedJourney == "" {
		return seeOther("/account")
	}
	w.endJourney(req)
	return w.goOn(req, result)
}

// returnToApplication sends the holder of a session's refresh token on. The error is
// errSignIn when there is no such session any more.
func (w *Web) returnToApplication(req *pageRequest, refresh auth.Secret) (*response, error) {
	grant, location, err := w.SignIn.Authorize(req.r.Context(), refresh, req.journey.ReturnTo, req.journey.Challenge, req.client)
	if grant.RefreshToken != "" {
		w.setSession(req, grant)
	}
	if err != nil {
		return nil, req.signInAgain(err)
	}
	return seeOther(location)
}

func (w *Web) enterCode(req *pageRequest) (*response, error) {
	p := req.codePage()
	admitted, err := w.SignIn.AnswerChallenge(req.r.Context(), signin.Answer{Challenge: p.ID, Code: req.secret("code")}, req.client)
	if err != nil {
		return w.refusedCode(p, err)
	}
	return w.afterSignIn(req, admitted.SignIn())
}

// sendCode sends a code to the telephone of whoever is signing in.
func (w *Web) sendCode(req *pageRequest) (*response, error) {
	p := req.codePage()
	if _, err := w.SignIn.TextChallenge(req.r.Context(), p.ID, req.client); err != nil {
		return w.refusedCode(p, err)
	}
	p.Sent = true
	return show("code", p)
}

// refusedCode asks again, or for the password when the sign-in is over.
func (w *Web) refusedCode(p codePage, err error) (*response, error) {
	if signin.IsStop(p.ID) {
		return w.refusedSetUp(setUpPage{form: p.form, ID: p.ID, Methods: p.Methods}, err)
	}
	switch e, ok := formRefusal(err); {
	case ok && e.Code == auth.ChallengeInvalid:
		return refused("signin", w.signInPage(form{returnTarget: p.returnTarget}.refusedBy(e)))
	case ok:
		p.form = p.refusedBy(e)
		return &response{template: "code", status: problem.PageStatus(e.Code), data: p}, nil
	default:
		return nil, err
	}
}
