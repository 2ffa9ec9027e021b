// SPDX-License-Identifier: Apache-2.0

package web

import (
	"github.com/realmkeeper/realmkeeper/authserver/internal/passkey"
	"github.com/realmkeeper/realmkeeper/authserver/internal/requirement"
	"github.com/realmkeeper/realmkeeper/authserver/internal/signin"
)

// setUpPasskeyPage asks an authenticator for a new passkey, as passkeyPage does.
type setUpPasskeyPage struct {
	setUpPage
	Ceremony, Options, Name string
}

func (w *Web) setUpPasskey(req *pageRequest) (*response, error) {
	p := req.setUpPage()
	c, err := w.SignIn.SetUpPasskey(req.r.Context(), p.ID, req.client)
	if err != nil {
		return w.refusedSetUp(p, err)
	}
	return show("set-up-passkey", setUpPasskeyPage{p, string(c.ID), string(c.Options), req.client.Name()})
}

func (w *Web) finishSetUpPasskey(req *pageRequest) (*response, error) {
	p := req.setUpPage()
	name, err := req.passkeyName()
	if err != nil {
		return w.refusedSetUp(p, err)
	}
	result, codes, err := w.SignIn.FinishSetUpPasskey(req.r.Context(), p.ID, passkey.Registration{
		Ceremony: req.secret("ceremony"), Credential: req.field("credential", maxCredential), Name: name,
	}, req.client)
	if err != nil {
		return w.refusedSetUp(p, err)
	}
	return w.afterSetUp(req, result, texts(codes))
}

// afterSetUp goes on with the session of somebody who has set a second factor up, and shows them
// their backup codes on the way.
func (w *Web) afterSetUp(req *pageRequest, result signin.SignIn, codes []string) (*response, error) {
	if len(codes) == 0 {
		return w.afterSignIn(req, result)
	}
	next, err := w.later(req, result)
	if err != nil {
		return nil, err
	}
	return show("backup-codes", enrolmentPage{BackupCodes: codes, onward: next})
}

// noticePage tells somebody who has signed in of a requirement, and lets them go on.
type noticePage struct {
	requirement.Notice
	// Next is where they were going.
	Next string
	// Over is set when the date is over.
	Over bool
}

func (w *Web) showNotice(req *pageRequest, result signin.SignIn) (*response, error) {
	next, err := w.later(req, result)
	if err != nil {
		return nil, err
	}
	n := result.Notices[0]
	return show("required-"+string(n.Kind), noticePage{n, next, !n.DueAt.After(w.Now())})
}

// later makes a sign-in the browser's session, and says where somebody goes on whose attention a
// page wants first.
func (w *Web) later(req *pageRequest, result signin.SignIn) (next string, err error) {
	grant, err := w.Sessions.Continue(req.r.Context(), result.Grant, cookie(req.r, refreshCookie), req.client)
	if err != nil {
		return "", err
	}
	result.Grant = grant
	w.setSession(req, grant)
	switch {
	case req.journey.ReturnTo != "": // by a code that lives for a minute, once they go on
		return "/signin" + string(req.returnTarget().Query()), nil
	case req.sealedJourney == "":
		return "/account", nil
	}
	w.endJourney(req)
	return w.onward(req, result)
}
