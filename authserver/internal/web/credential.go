// SPDX-License-Identifier: Apache-2.0

package web

import (
	"github.com/realmkeeper/realmkeeper/authserver/internal/account"
	"github.com/realmkeeper/realmkeeper/authserver/internal/auth"
	"github.com/realmkeeper/realmkeeper/authserver/internal/passkey"
	"github.com/realmkeeper/realmkeeper/authserver/internal/problem"
	"github.com/realmkeeper/realmkeeper/authserver/internal/request"
	"github.com/realmkeeper/realmkeeper/authserver/internal/signin"
)

func (w *Web) credentialPages() []page {
	return []page{
		{"GET /credential/{token}", request.RateCode, w.showCredential},
		{"POST /credential/{token}/passkey", request.RateCode, w.beginCredential},
		{"POST /credential/{token}/passkey/finish", request.RateCode, w.choosePasskey},
		{"POST /credential/{token}/password", request.RateCode, w.choosePassword},
		{"POST /credential/{token}/recover", request.RateMail, w.beginRecovery},
	}
}

// credentialPage has somebody choose what they will sign in with.
type credentialPage struct {
	passwordForm
	Choice account.Credential
	// Token is the mailed link's.
	Token string
	// Wait is how long a recovery takes that has not begun, in hours.
	Wait int
}

// showCredential changes nothing, as showVerify does.
func (w *Web) showCredential(req *pageRequest) (*response, error) {
	p, err := w.credentialPage(req)
	if err != nil {
		return w.credentialExpired(err)
	}
	return show(p.template(), p)
}

func (w *Web) credentialPage(req *pageRequest) (credentialPage, error) {
	choice, err := w.Accounts.CheckCredential(req.r.Context(), req.mailedToken())
	p := credentialPage{passwordForm: w.passwordForm(), Choice: choice, Token: string(req.mailedToken()), Wait: hours(w.Settings().RecoveryWait())}
	p.Email = choice.Email
	return p, err
}

// template is the page of whoever chooses, or waits first.
func (p credentialPage) template() string {
	if p.Choice.Recovers {
		return "recover"
	}
	return "credential"
}

// refusedCredential shows the page again with what was refused.
func (w *Web) refusedCredential(req *pageRequest, err error) (*response, error) {
	e, ok := refusal(err)
	if !ok {
		return nil, err
	}
	p, err := w.credentialPage(req)
	if err != nil {
		return w.credentialExpired(err)
	}
	if shown, ok := formRefusal(e); ok {
		e = shown
	} else if e.Code != auth.ProofRequired {
		return nil, e
	}
	p.passwordForm = p.rejectedBy(e)
	return &response{template: p.template(), status: problem.PageStatus(p.Refused), data: p}, nil
}

// credentialExpired offers a new link where the old one is of no use.
func (w *Web) credentialExpired(err error) (*response, error) {
	if e, ok := refusal(err); ok && e.Code == auth.CredentialTokenInvalid {
		return refused("forgot", w.forgotPage(form{}.refusedBy(e)))
	}
	return nil, err
}

func (w *Web) beginCredential(req *pageRequest) (*response, error) {
	c, err := w.Accounts.BeginCredential(req.r.Context(), req.mailedToken(), req.secret("code"), req.client)
	if err != nil {
		return w.refusedCredential(req, err)
	}
	link := "/credential/" + string(req.mailedToken())
	return show("passkey", passkeyPage{
		Name: req.client.Name(), Ceremony: string(c.ID), Options: string(c.Options), Finish: link + "/passkey/finish", Back: link, Alone: true,
	})
}

func (w *Web) choosePasskey(req *pageRequest) (*response, error) {
	name, err := req.passkeyName()
	if err != nil {
		return w.refusedCredential(req, err)
	}
	result, err := w.Accounts.ChoosePasskey(req.r.Context(), req.mailedToken(), passkey.Registration{
		Ceremony: req.secret("ceremony"), Credential: req.field("credential", maxCredential), Name: name,
	}, req.client)
	return w.chosen(req, result, err)
}

func (w *Web) choosePassword(req *pageRequest) (*response, error) {
	result, err := w.Accounts.ChoosePassword(req.r.Context(), req.mailedToken(), req.secret("password"), req.client)
	return w.chosen(req, result, err)
}

// chosen goes on with somebody who has signed in by what they have chosen, to where they came from
// in this browser.
func (w *Web) chosen(req *pageRequest, result signin.SignIn, err error) (*response, error) {
	if err != nil {
		return w.refusedCredential(req, err)
	}
	if req.sealedJourney == "" {
		w.takeJourney(req, w.kept(req, journeyCookies().Newest(req.r)))
	}
	return w.afterSignIn(req, result)
}
