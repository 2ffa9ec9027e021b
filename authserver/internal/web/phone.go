// SPDX-License-Identifier: Apache-2.0

package web

import (
	"strings"

	"github.com/realmkeeper/realmkeeper/authserver/internal/auth"
	"github.com/realmkeeper/realmkeeper/authserver/internal/problem"
	"github.com/realmkeeper/realmkeeper/authserver/internal/request"
	"github.com/realmkeeper/realmkeeper/authserver/internal/signin"
)

func (w *Web) phonePages() []page {
	return []page{
		{"POST /account/two-factor/sms", request.RateMail, w.requireProof(w.beginPhone)},
		{"POST /account/two-factor/sms/verify", request.RateCode, w.verifyPhone},
		{"POST /account/two-factor/sms/disable", request.RateCode, w.requireProof(w.removePhone)},
	}
}

// maxPhone bounds a telephone number, in bytes.
const maxPhone = 32

// phonePage asks for the code that was sent to a new telephone. The backup codes
// that came with the first second factor travel in the form until it is proved.
type phonePage struct {
	enrolmentPage
	Phone string
}

// beginPhone sends a first code to a telephone. The page that asks for the code
// sends the form again when none arrives.
func (w *Web) beginPhone(req *pageRequest) (*response, error) {
	p := req.phonePage()
	err := w.signedIn(req, func(access auth.Secret) error {
		enrolment, _, err := w.Accounts.EnableSMS(req.r.Context(), access, p.Phone, signin.Proof{}, req.client)
		if err == nil {
			p.BackupCodes = texts(enrolment.BackupCodes)
		}
		return err
	})
	e, ok := formRefusal(err)
	switch {
	case err == nil:
		return show("phone", p)
	case !ok:
		return nil, err
	case req.field("again", 16) == "":
		return w.refusedChange(req, "phone", e)
	}
	p.form = p.refusedBy(e)
	return &response{template: "phone", status: problem.PageStatus(e.Code), data: p}, nil
}

func (req *pageRequest) phonePage() phonePage {
	return phonePage{
		enrolmentPage{form: form{returnTarget: req.stepUpTarget()}, BackupCodes: strings.Fields(req.field("codes", 1024))}, req.field("phone", maxPhone),
	}
}

func (w *Web) verifyPhone(req *pageRequest) (*response, error) {
	p := req.phonePage()
	err := w.signedIn(req, func(access auth.Secret) error {
		return w.Accounts.VerifySMS(req.r.Context(), access, req.secret("code"), req.client)
	})
	e, ok := formRefusal(err)
	switch {
	case err == nil && len(p.BackupCodes) > 0:
		return show("backup-codes", p.enrolmentPage)
	case err == nil:
		return req.factorSaved("two-factor")
	case !ok:
		return nil, err
	}
	p.form = p.refusedBy(e)
	if e.Code == auth.EnrolmentCodeInvalid {
		p.Refused = auth.CodeInvalid // there is no app to look at
	}
	return &response{template: "phone", status: problem.PageStatus(e.Code), data: p}, nil
}

func (w *Web) removePhone(req *pageRequest) (*response, error) {
	return w.change(req, "two-factor", func(access auth.Secret) error {
		return w.Accounts.DisableSMS(req.r.Context(), access, signin.Proof{}, req.client)
	})
}
