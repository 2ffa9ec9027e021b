// SPDX-License-Identifier: Apache-2.0

package web

import (
	"github.com/realmkeeper/realmkeeper/authserver/internal/auth"
	"github.com/realmkeeper/realmkeeper/authserver/internal/passkey"
	"github.com/realmkeeper/realmkeeper/authserver/internal/problem"
	"github.com/realmkeeper/realmkeeper/authserver/internal/request"
	"github.com/realmkeeper/realmkeeper/authserver/internal/signin"
)

func (w *Web) passkeyPages() []page {
	return []page{
		{"POST /account/passkeys", request.RateCode, w.requireProof(w.beginPasskey)},
		{"POST /account/passkeys/finish", request.RateCode, w.finishPasskey},
		{"POST /account/passkeys/{id}/rename", request.RateChange, w.renamePasskey},
		{"POST /account/passkeys/{id}/remove", request.RateCode, w.requireProof(w.removePasskey)},
	}
}

// maxCredential bounds what a browser says of a credential, in bytes: JSON, of which the form
// makes more.
const maxCredential = 12 << 10

// passkeyPage asks an authenticator for a new passkey. A script does, and sends the form.
type passkeyPage struct {
	form
	Ceremony string
	// Options are for navigator.credentials.create, in JSON.
	Options string
	Name    string
	// Finish is where the answer goes, Back where somebody goes who would rather not.
	Finish, Back string
	// Alone is set for a passkey that is to sign in by itself.
	Alone bool
}

func (w *Web) beginPasskey(req *pageRequest) (*response, error) {
	p := passkeyPage{Name: req.client.Name(), Finish: "/account/passkeys/finish", Back: "/account"}
	a, err := w.change(req, "passkeys", func(access auth.Secret) error {
		c, err := w.Accounts.BeginPasskey(req.r.Context(), access, signin.Proof{}, req.client)
		p.Ceremony, p.Options = string(c.ID), string(c.Options)
		return err
	})
	if err != nil || a.location == "" {
		return a, err
	}
	p.returnTarget = req.stepUpTarget()
	return show("passkey", p)
}

func (w *Web) finishPasskey(req *pageRequest) (*response, error) {
	codes := enrolmentPage{form: form{returnTarget: req.stepUpTarget()}}
	a, err := w.change(req, "passkeys", func(access auth.Secret) error {
		name, err := req.passkeyName()
		if err != nil {
			return err
		}
		added, err := w.Accounts.FinishPasskey(req.r.Context(), access, passkey.Registration{
			Ceremony: req.secret("ceremony"), Credential: req.field("credential", maxCredential), Name: name,
		}, req.client)
		codes.BackupCodes = texts(added.BackupCodes)
		return err
	})
	switch {
	case err != nil || a.location == "":
		return a, err
	case len(codes.BackupCodes) > 0:
		return show("backup-codes", codes)
	default:
		return req.factorSaved("passkeys")
	}
}

// passkeyName is what somebody calls a passkey.
func (req *pageRequest) passkeyName() (string, error) {
	name := req.field("name", maxName)
	if name == "" || !auth.PlausibleName(name) {
		return "", invalid("passkeys")
	}
	return name, nil
}

func (w *Web) renamePasskey(req *pageRequest) (*response, error) {
	return w.change(req, "passkeys", func(access auth.Secret) error {
		name, err := req.passkeyName()
		if err != nil {
			return err
		}
		return w.Accounts.RenamePasskey(req.r.Context(), access, req.r.PathValue("id"), name, req.client)
	})
}

func (w *Web) removePasskey(req *pageRequest) (*response, error) {
	return w.change(req, "passkeys", func(access auth.Secret) error {
		return w.Accounts.RemovePasskey(req.r.Context(), access, req.r.PathValue("id"), signin.Proof{}, req.client)
	})
}

// refusedPasskey shows the page for signing in again.
func (w *Web) refusedPasskey(req *pageRequest, err error) (*response, error) {
	e, ok := formRefusal(err)
	if !ok {
		return nil, err
	}
	return &response{template: "signin", status: problem.PageStatus(e.Code), data: w.signInPage(form{returnTarget: req.returnTarget()}.refusedBy(e))}, nil
}
