// SPDX-License-Identifier: Apache-2.0

package web

import (
	"errors"

	"github.com/realmkeeper/realmkeeper/authserver/internal/auth"
	"github.com/realmkeeper/realmkeeper/authserver/internal/problem"
)

// verifyPage asks whoever follows a mailed link for the account, or, when the
// link does not work, where to send another.
type verifyPage struct {
	form
	Link auth.Verification
}

// passwordRequired is ProofRequired where there is no code to enter instead.
const passwordRequired auth.Code = "password_required"

// showVerify changes nothing: programs that look at mails follow links, and must
// not use them up.
func (w *Web) showVerify(v *visit) (*answer, error) {
	p, err := w.verifyPage(v)
	if err != nil {
		return w.verifyExpired(err)
	}
	return show("verify", p)
}

func (v *visit) mailedToken() auth.Secret { return auth.Secret(v.r.PathValue("token")) }

// verifyPage says what the link stands for, to a visitor who may be signed in.
func (w *Web) verifyPage(v *visit) (verifyPage, error) {
	p, err := verifyPage{}, errSignIn
	check := func(access auth.Secret) (err error) {
		p.Link, err = w.Auth.CheckVerification(v.r.Context(), v.mailedToken(), access)
		return err
	}
	if hasSession(v.r) {
		err = w.signedIn(v, check)
	}
	if errors.Is(err, errSignIn) {
		err = check("")
	}
	return p, err
}

func (w *Web) verify(v *visit) (*answer, error) {
	if v.field("discard", 8) != "" {
		return w.disown(v)
	}
	err := w.confirm(v)
	e, ok := explained(err)
	if unproved, found := refusal(err); found && unproved.Code == auth.ProofRequired {
		e, ok = unproved, true // the password of the account is asked for here
	}
	switch {
	case ok && (e.Code == auth.VerifyTokenInvalid || e.Code == auth.EmailTaken):
		return w.verifyExpired(e)
	case ok:
		return w.refusedVerify(v, e)
	case err != nil:
		return nil, err
	}
	return show("done", done{"verified", "/"})
}

// confirm shows the account by the password that was typed, or else by the
// visitor's session.
func (w *Web) confirm(v *visit) error {
	c := auth.Confirmation{Token: v.mailedToken(), Password: v.secret("password")}
	err := errSignIn
	if c.Password == "" && hasSession(v.r) {
		err = w.signedIn(v, func(access auth.Secret) error {
			c.Access = access
			return w.Auth.VerifyEmail(v.r.Context(), c, v.client)
		})
	}
	if errors.Is(err, errSignIn) {
		c.Access = ""
		err = w.Auth.VerifyEmail(v.r.Context(), c, v.client)
	}
	return err
}

func (w *Web) refusedVerify(v *visit, e *auth.Error) (*answer, error) {
	p, err := w.verifyPage(v)
	if err != nil {
		return w.verifyExpired(err)
	}
	p.form = p.refusedBy(e)
	switch e.Code {
	case auth.InvalidCredentials:
		p.Refused = wrongPassword
	case auth.ProofRequired:
		p.Refused = passwordRequired
	}
	return &answer{template: "verify", status: problem.PageStatus(p.Refused), data: p}, nil
}

// disown takes back what somebody else has done with the visitor's address.
func (w *Web) disown(v *visit) (*answer, error) {
	p, err := w.verifyPage(v)
	if err != nil {
		return w.verifyExpired(err)
	}
	proved, err := w.Auth.DisownEmail(v.r.Context(), v.mailedToken(), "", v.client)
	switch {
	case err != nil:
		return w.verifyExpired(err)
	case proved:
		return show("reclaimed", p)
	default:
		return show("done", done{"cancelled", "/"})
	}
}

// verifyExpired offers a new link where the old one is of no use.
func (w *Web) verifyExpired(err error) (*answer, error) {
	if e, ok := refusal(err); ok && (e.Code == auth.VerifyTokenInvalid || e.Code == auth.EmailTaken) {
		return refused("verify", verifyPage{form: form{}.refusedBy(e)})
	}
	return nil, err
}
