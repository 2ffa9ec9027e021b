// SPDX-License-Identifier: Apache-2.0

package web

import (
	"html/template"
	"net/url"

	"github.com/realmkeeper/realmkeeper/authserver/internal/attempts"
	"github.com/realmkeeper/realmkeeper/authserver/internal/auth"
	"github.com/realmkeeper/realmkeeper/authserver/internal/problem"
	"github.com/realmkeeper/realmkeeper/authserver/internal/request"
	"github.com/realmkeeper/realmkeeper/authserver/internal/signin"
	"github.com/realmkeeper/realmkeeper/authserver/realmconfig"
)

func (w *Web) mailCodePages() []page {
	return []page{
		{"GET " + mailCodePath, request.Unlimited, w.showMailCode},
		{"POST " + mailCodePath, request.RateMail, w.sendMailCode},
		{"GET " + mailCodePath + "/code", request.Unlimited, w.showMailedCode},
		{"POST " + mailCodePath + "/code", request.RateCode, w.enterMailedCode},
		{"GET " + mailCodePath + "/link/{token}", request.RateCode, w.showMailedLink},
		{"POST " + mailCodePath + "/link/{token}", request.RateCode, w.followMailedLink},
	}
}

const mailCodePath = "/signin/mail"

// handleCookies keep the handles of codes in the browser that has asked for them: elsewhere,
// neither a code nor a link is worth anything.
func handleCookies() request.FlowCookies {
	return request.FlowCookies{Name: "__Host-rk-mail", Most: 4, MostBytes: 3 << 10, Lifetime: attempts.MailedCodeLifetime}
}

func (w *Web) mailsCodes() bool { return w.Settings().Login.MailCode == realmconfig.MailCodeOn }

// mailCodePage asks for an address, or for the code that is on its way to it.
type mailCodePage struct {
	form
	flow
}

// flow is what the addresses of pages say of a sign-in by a mailed code.
type flow struct{ Flow, Again string }

func (req *pageRequest) mailCodePage() mailCodePage {
	return mailCodePage{form: form{returnTarget: req.returnTarget()}, flow: flow{req.r.URL.Query().Get("flow"), req.interruptedFlow()}}
}

// FlowQuery is the same for the next address.
func (f flow) FlowQuery() template.URL {
	query := url.Values{}
	for name, value := range map[string]string{"flow": f.Flow, "again": f.Again} {
		if value != "" {
			query.Set(name, value)
		}
	}
	if len(query) == 0 {
		return ""
	}
	return template.URL("?" + query.Encode()) //nolint:gosec // url.Values has escaped it
}

func (w *Web) showMailCode(req *pageRequest) (*response, error) {
	if !w.mailsCodes() {
		return nil, auth.Refuse(auth.MailCodeOff)
	}
	p := req.mailCodePage()
	p.Email = req.hintedEmail()
	return show("mail-code", p)
}

// sendMailCode goes on to an address, which a browser can ask for again: somebody who comes
// back from their mail must not send another code by that.
func (w *Web) sendMailCode(req *pageRequest) (*response, error) {
	p := req.mailCodePage()
	if p.Email = req.field("email", auth.MaxEmailLength); !auth.PlausibleEmail(p.Email) {
		p.form = p.refusedBy(invalid("email"))
		return refused("mail-code", p)
	}
	resume := w.keepJourney(req)
	begun, err := w.MailCodes.Begin(req.r.Context(), p.Email, func(handle, secret auth.Secret) string {
		query := url.Values{"flow": {request.FlowOf(handle)}}
		if resume != "" {
			query.Set("resume", resume)
		}
		if p.Again != "" {
			query.Set("again", p.Again)
		}
		return w.ownURL(mailCodePath+"/link/"+url.PathEscape(string(secret)), query)
	}, req.client)
	if err != nil {
		return nil, err
	}
	p.Flow = request.FlowOf(begun.Handle)
	handleCookies().Keep(req.w, req.r, p.Flow, string(begun.Handle))
	query := url.Values{"flow": {p.Flow}}
	if p.Journey != "" {
		query.Set("journey", p.Journey)
	}
	if p.Again != "" {
		query.Set("again", p.Again)
	}
	return seeOther(mailCodePath + "/code?" + query.Encode())
}

func (req *pageRequest) handle() auth.Secret {
	return handleCookies().Of(req.r, req.r.URL.Query().Get("flow"))
}

func (w *Web) showMailedCode(req *pageRequest) (*response, error) {
	p, err := w.mailedCodePage(req)
	if err != nil {
		return w.mailedCodeOver(req, err)
	}
	return show("mailed-code", p)
}

// mailedCodePage says where the code was sent that this browser has asked for.
func (w *Web) mailedCodePage(req *pageRequest) (p mailCodePage, err error) {
	p = req.mailCodePage()
	p.Email, err = w.MailCodes.Asked(req.handle())
	return p, err
}

func (w *Web) enterMailedCode(req *pageRequest) (*response, error) {
	p, err := w.mailedCodePage(req)
	if err != nil {
		return w.mailedCodeOver(req, err)
	}
	result, err := w.MailCodes.Finish(req.r.Context(), req.handle(), req.secret("code"), req.client)
	switch e, ok := formRefusal(err); {
	case err == nil:
		return w.afterMailedCode(req, result)
	case !ok || e.Code == auth.ChallengeInvalid || e.Code == auth.MailCodeOff:
		return w.mailedCodeOver(req, err)
	default:
		p.form = p.refusedBy(e)
		switch e.Code {
		case auth.AccountLocked:
			p.Refused = mailedCodesLocked
		case invalid("code").Code:
			p.Refused = notSixDigits
		default: // in the words of its code
		}
		return &response{template: "mailed-code", status: problem.PageStatus(e.Code), data: p}, nil
	}
}

// mailedCodeOver offers to send another code, where one is of no use any more.
func (w *Web) mailedCodeOver(req *pageRequest, err error) (*response, error) {
	e, ok := refusal(err)
	if !ok || e.Code != auth.ChallengeInvalid {
		return nil, err
	}
	p := req.mailCodePage()
	p.Flow = ""
	p.form = p.refusedBy(e)
	p.Refused = mailedCodeEnded
	return refused("mail-code", p)
}

// These are the codes by which the page chooses its words. ChallengeInvalid and AccountLocked
// have other words here, since another code is one click away and the link still works.
const (
	mailedCodeEnded   auth.Code = "mailed_code_over"
	mailedCodesLocked auth.Code = "mailed_codes_locked"
	notSixDigits      auth.Code = "invalid_digits"
)

// showMailedLink asks whoever has opened a mailed link for a click, and changes nothing:
// programs that look at mails open links, too. To another browser than the one that has asked
// it says so, and no address.
func (w *Web) showMailedLink(req *pageRequest) (*response, error) {
	w.resumeJourney(req)
	p := req.mailCodePage()
	handle := req.handle()
	if handle == "" {
		return show("mailed-link", p)
	}
	var err error
	if p.Email, err = w.MailCodes.CheckLink(req.r.Context(), handle, req.mailedToken()); err != nil {
		return w.mailedCodeOver(req, err)
	}
	return show("mailed-link", p)
}

func (w *Web) followMailedLink(req *pageRequest) (*response, error) {
	handle := req.handle()
	if handle == "" {
		return show("mailed-link", req.mailCodePage())
	}
	result, err := w.MailCodes.FollowLink(req.r.Context(), handle, req.mailedToken(), req.client)
	if err != nil {
		return w.mailedCodeOver(req, err)
	}
	return w.afterMailedCode(req, result)
}

// afterMailedCode goes on as after any sign-in: back to what was interrupted, if somebody was to
// prove who they are.
func (w *Web) afterMailedCode(req *pageRequest, result signin.SignIn) (*response, error) {
	handleCookies().Take(req.w, req.r, req.r.URL.Query().Get("flow"))
	a, err := w.afterSignIn(req, result)
	if err != nil || result.Challenge != nil || result.Stop != nil || req.interruptedFlow() == "" {
		return a, err
	}
	return w.resumeInterrupted(req, req.access)
}
