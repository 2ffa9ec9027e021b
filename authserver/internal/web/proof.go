// SPDX-License-Identifier: Apache-2.0

package web

import (
	"encoding/base64"
	"errors"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/realmkeeper/realmkeeper/authserver/internal/auth"
	"github.com/realmkeeper/realmkeeper/authserver/internal/federation"
	"github.com/realmkeeper/realmkeeper/authserver/internal/problem"
	"github.com/realmkeeper/realmkeeper/authserver/internal/request"
	"github.com/realmkeeper/realmkeeper/authserver/internal/signin"
)

// proofPage asks once more who somebody is, before they change what protects an
// account. What they have begun goes on with their answer.
type proofPage struct {
	form
	// Action is the page that was interrupted, Interrupted the form it was sent.
	Action, Interrupted string
	User                auth.User
	// Providers are those that the user can sign in with again.
	Providers []provider
	// MailCode reports whether the user can sign in again by a mailed code, and has no password
	// to type instead.
	MailCode bool
	// Passkey reports whether the user can show one that verifies them.
	Passkey bool
	// Texts reports whether a code can be sent to the user's telephone, Sent that
	// one is on its way.
	Texts, Sent bool
	// Proved is set when nothing is asked for any more, and only a click is missing.
	Proved bool
}

// Password and Code report what the user can prove themselves by.
func (p proofPage) Password() bool { return p.User.PasswordHash != "" }
func (p proofPage) Code() bool     { return p.User.HasSecondFactor() }

// Flow names what was interrupted, for whoever comes back to it from a provider.
func (p proofPage) Flow() string { return request.FlowOf(auth.Secret(p.Interrupted)) }

// Back is where somebody goes who would rather not.
func (p proofPage) Back() string {
	if strings.HasPrefix(p.Action, "/admin/") {
		return "/admin/users"
	}
	return "/account"
}

// requireProof makes a page of one that wants recent proof. A visitor who has none is
// asked for it, and sends the same page what they had typed, sealed, together with
// the answer. From then on the access token in their cookie speaks for them.
func (w *Web) requireProof(page func(*pageRequest) (*response, error)) func(*pageRequest) (*response, error) {
	return func(req *pageRequest) (*response, error) {
		asked := form{}
		if req.r.PostForm.Has(interruptedField) {
			ask, err := w.acceptProof(req)
			if ask != nil || err != nil {
				return ask, err
			}
			asked.Refused = auth.ProofRequired // if it still is, nothing was typed
		}
		a, err := page(req)
		if errors.Is(err, &auth.Error{Code: auth.ProofRequired}) {
			return w.askProof(req, proofPage{form: asked})
		}
		return a, err
	}
}

// unverifiedProof is PasskeyUnverified to somebody who is signed in.
const unverifiedProof auth.Code = "unverified_proof"

// acceptProof puts back the form that was interrupted, and checks what was typed
// into the proof page. The response is that page again, or nil to go on.
func (w *Web) acceptProof(req *pageRequest) (*response, error) {
	given, text := req.givenProof(), req.field("text", 8) != ""
	interrupted, opened := req.field(interruptedField, maxForm), ""
	err := w.signedIn(req, func(access auth.Secret) error {
		user, err := w.Accounts.Profile(req.r.Context(), access)
		if err != nil {
			return err
		}
		if req.r.PostForm, err = w.unseal(user, req.r.URL.EscapedPath(), interrupted); err != nil {
			return err
		}
		opened = interrupted
		w.takeJourney(req, req.r.PostForm.Get("journey"))
		switch {
		case text:
			_, err := w.Accounts.TextProof(req.r.Context(), access, req.client)
			return err
		case given != signin.Proof{}:
			return w.prove(req, access, given)
		}
		return nil
	})
	e, refused := formRefusal(err)
	switch {
	case err == nil && text:
		return w.askProof(req, proofPage{Sent: true, Interrupted: opened})
	case !refused || e.Code == auth.InvalidRequest:
		return nil, err
	}
	f := form{}.refusedBy(e)
	switch e.Code {
	case auth.InvalidCredentials:
		f.Refused = wrongPassword
	case auth.PasskeyUnverified:
		f.Refused = unverifiedProof
	default: // in the words of its code
	}
	return w.askProof(req, proofPage{form: f, Interrupted: opened})
}

// givenProof is what was typed into the proof page, or answered by an authenticator.
func (req *pageRequest) givenProof() signin.Proof {
	p := signin.Proof{Password: req.secret("password"), Code: req.secret("code")}
	if req.r.PostForm.Has("credential") {
		p.Passkey = req.passkeyAnswer()
	}
	return p
}

// askPasskeyProof asks an authenticator of somebody who is signed in.
func (w *Web) askPasskeyProof(req *pageRequest) (a *response, err error) {
	err = w.signedIn(req, func(access auth.Secret) error {
		a, err = req.keepCeremony(w.SignIn.AskPasskeyProof(req.r.Context(), access))
		return err
	})
	return a, err
}

// prove replaces the browser's access token by one that speaks for a proof.
func (w *Web) prove(req *pageRequest, access auth.Secret, p signin.Proof) error {
	proven, lifetime, err := w.SignIn.Prove(req.r.Context(), access, p, req.client)
	if err == nil {
		req.access = proven
		setCookie(req.w, accessCookie, string(proven), lifetime)
	}
	return err
}

// askProof shows the proof page to somebody who is signed in. What is sealed already
// stays as it is, and in its cookie: it is the same flow.
func (w *Web) askProof(req *pageRequest, p proofPage) (*response, error) {
	p.Action = req.r.URL.EscapedPath()
	err := w.signedIn(req, func(access auth.Secret) (err error) {
		if p.User, err = w.Accounts.Profile(req.r.Context(), access); err != nil {
			return err
		}
		identities, err := w.Federation.Identities(req.r.Context(), access)
		p.Providers = w.providersOf(identities)
		return err
	})
	if err != nil {
		return nil, err
	}
	if p.Interrupted == "" {
		if p.Interrupted, err = w.seal(p.User, p.Action, req.r.PostForm); err != nil {
			return nil, err
		}
	}
	p.MailCode = w.mailsCodes() && !p.Password()
	p.Passkey = w.Settings().Passkeys != nil && slices.Contains(p.User.Methods, auth.PasskeyMethod)
	p.Texts = w.Settings().SMS != nil && slices.Contains(p.User.Methods, auth.SMSMethod)
	if len(p.Providers) > 0 || p.MailCode {
		interruptedCookies().Keep(req.w, req.r, p.Flow(), p.Interrupted+"."+p.Action)
	}
	return &response{template: "proof", status: problem.PageStatus(auth.ProofRequired), data: p}, nil
}

// providersOf are those that somebody is known at, as far as the realm has them.
func (w *Web) providersOf(identities []federation.LinkedIdentity) []provider {
	return slices.DeleteFunc(w.providers(), func(p provider) bool {
		return !slices.ContainsFunc(identities, func(i federation.LinkedIdentity) bool { return i.Identity.Provider == p.Name })
	})
}

const (
	interruptedField = "interrupted"
	// sealedForPage is the purpose under which forms are sealed.
	sealedForPage = "interrupted form"
)

// interruptedCookies take forms along to a provider and back. One that does not fit
// has to be filled in again: what proxies take of a request's head ends at 8 KiB.
func interruptedCookies() request.FlowCookies {
	return request.FlowCookies{Name: "__Host-rk-interrupted", Most: 4, MostBytes: 3 << 10, Lifetime: 15 * time.Minute}
}

// seal keeps a form that may hold secrets, for one user and one page.
func (w *Web) seal(user auth.User, path string, values url.Values) (string, error) {
	sealed, err := w.Sealer.Seal(sealedForPage, user.ID+" "+path, []byte(values.Encode()))
	return base64.RawURLEncoding.EncodeToString(sealed), err
}

// unseal refuses with InvalidRequest what was not sealed for this user and page.
func (w *Web) unseal(user auth.User, path, text string) (url.Values, error) {
	sealed, err := base64.RawURLEncoding.DecodeString(text)
	if err != nil {
		return nil, &auth.Error{Code: auth.InvalidRequest, Cause: err}
	}
	encoded, err := w.Sealer.Open(sealedForPage, user.ID+" "+path, sealed)
	if err != nil {
		return nil, &auth.Error{Code: auth.InvalidRequest, Cause: err}
	}
	return url.ParseQuery(string(encoded))
}

// resumeInterrupted offers somebody who has signed in again to go on with what they
// were doing. Whoever else has signed in instead does not learn of it.
func (w *Web) resumeInterrupted(req *pageRequest, access auth.Secret) (*response, error) {
	interrupted, action, _ := strings.Cut(string(interruptedCookies().Take(req.w, req.r, req.interruptedFlow())), ".")
	user, err := w.Accounts.Profile(req.r.Context(), access)
	if err != nil {
		return nil, err
	}
	if _, err := w.unseal(user, action, interrupted); err != nil {
		return seeOther("/account")
	}
	return show("proof", proofPage{Action: action, Interrupted: interrupted, User: user, Proved: true})
}
