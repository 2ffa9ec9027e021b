// SPDX-License-Identifier: Apache-2.0

package web

import (
	"html/template"
	"net/url"
	"strings"

	"github.com/realmkeeper/realmkeeper/authserver/internal/auth"
	"github.com/realmkeeper/realmkeeper/authserver/internal/problem"
	"github.com/realmkeeper/realmkeeper/authserver/internal/qrcode"
)

// enrolmentPage shows a new second factor. Its secret is shown once and kept
// nowhere, so it travels in the form until a code has proved it.
type enrolmentPage struct {
	form
	URL, Key    string
	QR          template.URL
	BackupCodes []string
}

// CodeList is BackupCodes in one hidden field.
func (p enrolmentPage) CodeList() string { return strings.Join(p.BackupCodes, " ") }

func (w *Web) enrolmentPage(address string, codes []string) (enrolmentPage, error) {
	u, err := url.Parse(address)
	if err != nil || u.Scheme != "otpauth" {
		return enrolmentPage{}, &auth.Error{Code: auth.InvalidRequest, Cause: err}
	}
	picture, err := qrcode.DataURI(address)
	// A data URI of our own making; html/template would not believe it.
	return enrolmentPage{URL: address, Key: u.Query().Get("secret"), QR: template.URL(picture), BackupCodes: codes}, err
}

func (w *Web) beginTwoFactor(v *visit) (*answer, error) {
	p := enrolmentPage{}
	err := w.signedIn(v, func(access auth.Secret) error {
		enrolment, err := w.Auth.EnableTOTP(v.r.Context(), access, auth.Proof{}, v.client)
		if err != nil {
			return err
		}
		p, err = w.enrolmentPage(string(enrolment.URL), texts(enrolment.BackupCodes))
		return err
	})
	if err != nil {
		return nil, err
	}
	return show("two-factor", p)
}

func (w *Web) verifyTwoFactor(v *visit) (*answer, error) {
	err := w.signedIn(v, func(access auth.Secret) error {
		return w.Auth.VerifyTOTP(v.r.Context(), access, v.secret("code"), v.client)
	})
	e, ok := explained(err)
	switch {
	case err == nil:
		return goOn("/account?saved=two-factor")
	case !ok:
		return nil, err
	}
	p, err := w.enrolmentPage(v.field("url", maxURL), strings.Fields(v.field("codes", 1024)))
	if err != nil {
		return nil, err
	}
	p.form = p.refusedBy(e)
	return &answer{template: "two-factor", status: problem.PageStatus(e.Code), data: p}, nil
}

func (w *Web) disableTwoFactor(v *visit) (*answer, error) {
	return w.change(v, "two-factor", func(access auth.Secret) error {
		return w.Auth.DisableSecondFactors(v.r.Context(), access, auth.Proof{}, v.client)
	})
}

func (w *Web) renewBackupCodes(v *visit) (*answer, error) {
	p := enrolmentPage{}
	a, err := w.change(v, "two-factor", func(access auth.Secret) error {
		codes, err := w.Auth.RenewBackupCodes(v.r.Context(), access, auth.Proof{}, v.client)
		p.BackupCodes = texts(codes)
		return err
	})
	if err != nil || a.location == "" {
		return a, err
	}
	return show("backup-codes", p)
}

func texts(secrets []auth.Secret) []string {
	list := []string{}
	for _, s := range secrets {
		list = append(list, string(s))
	}
	return list
}
