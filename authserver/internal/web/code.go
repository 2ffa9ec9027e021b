// SPDX-License-Identifier: Apache-2.0

package web

import (
	"slices"
	"strings"

	"github.com/realmkeeper/realmkeeper/authserver/internal/auth"
	"github.com/realmkeeper/realmkeeper/authserver/internal/problem"
	"github.com/realmkeeper/realmkeeper/authserver/internal/request"
)

// codePage asks for a second factor. All of it travels in the form, so that any
// pod can take the next step; what it says of methods only decides what is shown.
type codePage struct {
	form
	ID      auth.Secret
	Methods []string
	// Sent is set once a code is on its way to the telephone.
	Sent bool
}

// Handle is the challenge's id, in the one place where it must be printed.
func (p codePage) Handle() string { return string(p.ID) }

// MethodList is Methods in one hidden field.
func (p codePage) MethodList() string { return strings.Join(p.Methods, " ") }

// App reports whether there is an app that shows codes.
func (p codePage) App() bool { return slices.Contains(p.Methods, string(auth.TOTPMethod)) }

// SMS reports whether a code can be sent to a telephone.
func (p codePage) SMS() bool { return slices.Contains(p.Methods, string(auth.SMSMethod)) }

func (v *visit) codePage() codePage {
	return codePage{
		form: form{onward: v.onward()}, ID: v.secret("session_id"),
		Methods: strings.Fields(v.field("methods", 64)),
	}
}

// afterSignIn goes on with a session, or asks for a second factor.
func (w *Web) afterSignIn(v *visit, result auth.SignIn, to onward) (*answer, error) {
	if c := result.Challenge; c != nil {
		p := codePage{form: form{onward: to}, ID: c.ID}
		for _, m := range c.Methods {
			p.Methods = append(p.Methods, string(m))
		}
		return show("code", p)
	}
	if err := w.endFormer(v); err != nil {
		return nil, err
	}
	if to.ReturnTo == "" {
		w.keep(v, result.Grant)
		return goOn("/account")
	}
	request.KeepDevice(v.w, result.Grant.DeviceToken)
	return w.goOnward(v, result.Grant.RefreshToken, to)
}

// goOnward sends the holder of a session's refresh token on. The error is
// errSignIn when there is no such session any more.
func (w *Web) goOnward(v *visit, refresh auth.Secret, to onward) (*answer, error) {
	grant, location, err := w.Auth.HandOver(v.r.Context(), refresh, to.ReturnTo, to.Challenge, v.client)
	if grant.RefreshToken != "" {
		w.keep(v, grant)
	}
	if err != nil {
		return nil, v.over(err)
	}
	return goOn(location)
}

func (w *Web) enterCode(v *visit) (*answer, error) {
	p := v.codePage()
	admitted, err := w.Auth.AnswerChallenge(v.r.Context(), auth.Answer{Challenge: p.ID, Code: v.secret("code")}, v.client)
	if err != nil {
		return w.refusedCode(p, err)
	}
	return w.afterSignIn(v, auth.SignIn{Grant: admitted.Grant}, p.onward)
}

// sendCode sends a code to the telephone of whoever is signing in.
func (w *Web) sendCode(v *visit) (*answer, error) {
	p := v.codePage()
	if _, err := w.Auth.TextChallenge(v.r.Context(), p.ID, v.client); err != nil {
		return w.refusedCode(p, err)
	}
	p.Sent = true
	return show("code", p)
}

// refusedCode asks again, or for the password when the sign-in is over.
func (w *Web) refusedCode(p codePage, err error) (*answer, error) {
	switch e, ok := explained(err); {
	case ok && e.Code == auth.ChallengeInvalid:
		return refused("signin", w.signInPage(form{onward: p.onward}.refusedBy(e)))
	case ok:
		p.form = p.refusedBy(e)
		return &answer{template: "code", status: problem.PageStatus(e.Code), data: p}, nil
	default:
		return nil, err
	}
}
