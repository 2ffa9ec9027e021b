// SPDX-License-Identifier: Apache-2.0

package web

import (
	"strings"

	"github.com/realmkeeper/realmkeeper/authserver/internal/auth"
	"github.com/realmkeeper/realmkeeper/authserver/internal/problem"
)

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
func (w *Web) beginPhone(v *visit) (*answer, error) {
	p := v.phonePage()
	err := w.signedIn(v, func(access auth.Secret) error {
		enrolment, _, err := w.Auth.EnableSMS(v.r.Context(), access, p.Phone, auth.Proof{}, v.client)
		if err == nil {
			p.BackupCodes = texts(enrolment.BackupCodes)
		}
		return err
	})
	e, ok := explained(err)
	switch {
	case err == nil:
		return show("phone", p)
	case !ok:
		return nil, err
	case v.field("again", 8) == "":
		return w.refusedChange(v, "phone", e)
	}
	p.form = p.refusedBy(e)
	return &answer{template: "phone", status: problem.PageStatus(e.Code), data: p}, nil
}

func (v *visit) phonePage() phonePage {
	return phonePage{enrolmentPage{BackupCodes: strings.Fields(v.field("codes", 1024))}, v.field("phone", maxPhone)}
}

func (w *Web) verifyPhone(v *visit) (*answer, error) {
	p := v.phonePage()
	err := w.signedIn(v, func(access auth.Secret) error {
		return w.Auth.VerifySMS(v.r.Context(), access, v.secret("code"), v.client)
	})
	e, ok := explained(err)
	switch {
	case err == nil && len(p.BackupCodes) > 0:
		return show("backup-codes", p.enrolmentPage)
	case err == nil:
		return goOn("/account?saved=two-factor")
	case !ok:
		return nil, err
	}
	p.form = p.refusedBy(e)
	if e.Code == auth.EnrolmentCodeInvalid {
		p.Refused = auth.CodeInvalid // there is no app to look at
	}
	return &answer{template: "phone", status: problem.PageStatus(e.Code), data: p}, nil
}

func (w *Web) removePhone(v *visit) (*answer, error) {
	return w.change(v, "two-factor", func(access auth.Secret) error {
		return w.Auth.DisableSMS(v.r.Context(), access, auth.Proof{}, v.client)
	})
}
