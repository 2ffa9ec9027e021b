// SPDX-License-Identifier: Apache-2.0

package web

import (
	"errors"

	"github.com/realmkeeper/realmkeeper/authserver/internal/account"
	"github.com/realmkeeper/realmkeeper/authserver/internal/auth"
	"github.com/realmkeeper/realmkeeper/authserver/internal/problem"
	"github.com/realmkeeper/realmkeeper/authserver/internal/request"
)

func (w *Web) verificationPages() []page {
	return []page{
		{"GET /verify-email/{token}", request.RateCode, w.showVerify},
		{"POST /verify-email/{token}", request.RateCode, w.verify},
	}
}

// verifyPage asks whoever follows a mailed link for the account, or, when the
// link does not work, where to send another.
type verifyPage struct {
	form
	Link account.Verification
}

// passwordRequired is ProofRequired where there is no code to enter instead.
const passwordRequired auth.Code = "password_required"

// showVerify changes nothing: programs that look at mails follow links, and must
// not use them up.
func (w *Web) showVerify(req *pageRequest) (*response, error) {
	p, err := w.verifyPage(req)
	if err != nil {
		return w.verifyExpired(err)
	}
	return show("verify", p)
}

func (req *pageRequest) mailedToken() auth.Secret { return auth.Secret(req.r.PathValue("token")) }

// verifyPage says what the link stands for, to a visitor who may be signed in.
func (w *Web) verifyPage(req *pageRequest) (verifyPage, error) {
	p, err := verifyPage{}, errSignIn
	check := func(access auth.Secret) (err error) {
		p.Link, err = w.Accounts.CheckVerification(req.r.Context(), req.mailedToken(), access)
		return err
	}
	if hasSession(req.r) {
		err = w.signedIn(req, check)
	}
	if errors.Is(err, errSignIn) {
		err = check("")
	}
	return p, err
}

func (w *Web) verify(req *pageRequest) (*response, error) {
	if req.field("discard", 8) != "" {
		return w.disown(req)
	}
	err := w.confirm(req)
	e, ok := formRefusal(err)
	if unproved, found := refusal(err); found && unproved.Code == auth.ProofRequired {
		e, ok = unproved, true // the password of the account is asked for here
	}
	switch {
	case ok && (e.Code == auth.VerifyTokenInvalid || e.Code == auth.EmailTaken):
		return w.verifyExpired(e)
	case ok:
		return w.refusedVerify(req, e)
	case err != nil:
		return nil, err
	}
	return w.afterMail(req, "verified", "/")
}

// confirm shows the account by the password that was typed, or else by the
// visitor's session.
func (w *Web) confirm(req *pageRequest) error {
	c := account.Confirmation{Token: req.mailedToken(), Password: req.secret("password")}
	err := errSignIn
	if c.Password == "" && hasSession(req.r) {
		err = w.signedIn(req, func(access auth.Secret) error {
			c.Access = access
			return w.Accounts.VerifyEmail(req.r.Context(), c, req.client)
		})
	}
	if errors.Is(err, errSignIn) {
		c.Access = ""
		err = w.Accounts.VerifyEmail(req.r.Context(), c, req.client)
	}
	return err
}

func (w *Web) refusedVerify(req *pageRequest, e *auth.Error) (*response, error) {
	p, err := w.verifyPage(req)
	if err != nil {
		return w.verifyExpired(err)
	}
	p.form = p.refusedBy(e)
	switch e.Code {
	case auth.InvalidCredentials:
		p.Refused = wrongPassword
	case auth.ProofRequired:
		p.Refused = passwordRequired
	default: // in the words of its code
	}
	return &response{template: "verify", status: problem.PageStatus(p.Refused), data: p}, nil
}

// disown takes back what somebody else has done with the visitor's address.
func (w *Web) disown(req *pageRequest) (*response, error) {
	p, err := w.verifyPage(req)
	if err != nil {
		return w.verifyExpired(err)
	}
	proved, err := w.Accounts.DisownEmail(req.r.Context(), req.mailedToken(), "", req.client)
	switch {
	case err != nil:
		return w.verifyExpired(err)
	case proved:
		return show("reclaimed", p)
	default:
		return show("done", done{About: "cancelled", Next: "/"})
	}
}

// verifyExpired offers a new link where the old one is of no use.
func (w *Web) verifyExpired(err error) (*response, error) {
	if e, ok := refusal(err); ok && (e.Code == auth.VerifyTokenInvalid || e.Code == auth.EmailTaken) {
		return refused("verify", verifyPage{form: form{}.refusedBy(e)})
	}
	return nil, err
}
