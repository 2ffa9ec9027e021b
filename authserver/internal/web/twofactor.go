// SPDX-License-Identifier: Apache-2.0

package web

import (
	"html/template"
	"net/url"
	"strings"

	"github.com/realmkeeper/realmkeeper/authserver/internal/auth"
	"github.com/realmkeeper/realmkeeper/authserver/internal/problem"
	"github.com/realmkeeper/realmkeeper/authserver/internal/qrcode"
	"github.com/realmkeeper/realmkeeper/authserver/internal/request"
	"github.com/realmkeeper/realmkeeper/authserver/internal/signin"
)

func (w *Web) twoFactorPages() []page {
	return []page{
		{"POST /account/two-factor", request.RateCode, w.requireProof(w.beginTwoFactor)},
		{"POST /account/two-factor/verify", request.RateCode, w.verifyTwoFactor},
		{"POST /account/two-factor/disable", request.RateCode, w.requireProof(w.disableTwoFactor)},
		{"POST /account/two-factor/backup-codes", request.RateCode, w.requireProof(w.renewBackupCodes)},
	}
}

// enrolmentPage shows a new second factor. Its secret is shown once and kept
// nowhere, so it travels in the form until a code has proved it.
type enrolmentPage struct {
	form
	URL, Key    string
	QR          template.URL
	BackupCodes []string
	// onward is where a sign-in goes on that was stopped; empty where none was.
	onward string
}

// Next is where somebody goes who has kept their codes.
func (p enrolmentPage) Next() string {
	switch {
	case p.onward != "":
		return p.onward
	case p.Journey != "":
		return stepUpWithFactor(p.Journey)
	default:
		return "/account"
	}
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
	return enrolmentPage{URL: address, Key: u.Query().Get("secret"), QR: template.URL(picture), BackupCodes: codes}, err //nolint:gosec // a picture of our own making
}

func (w *Web) beginTwoFactor(req *pageRequest) (*response, error) {
	p := enrolmentPage{}
	err := w.signedIn(req, func(access auth.Secret) error {
		enrolment, err := w.Accounts.EnableTOTP(req.r.Context(), access, signin.Proof{}, req.client)
		if err != nil {
			return err
		}
		p, err = w.enrolmentPage(string(enrolment.URL), texts(enrolment.BackupCodes))
		return err
	})
	if err != nil {
		return nil, err
	}
	p.returnTarget = req.stepUpTarget()
	return show("two-factor", p)
}

func (w *Web) verifyTwoFactor(req *pageRequest) (*response, error) {
	err := w.signedIn(req, func(access auth.Secret) error {
		return w.Accounts.VerifyTOTP(req.r.Context(), access, req.secret("code"), req.client)
	})
	e, ok := formRefusal(err)
	switch {
	case err == nil:
		return req.factorSaved("two-factor")
	case !ok:
		return nil, err
	}
	p, err := w.enrolmentPage(req.field("url", maxURL), strings.Fields(req.field("codes", 1024)))
	if err != nil {
		return nil, err
	}
	p.returnTarget = req.stepUpTarget()
	p.form = p.refusedBy(e)
	return &response{template: "two-factor", status: problem.PageStatus(e.Code), data: p}, nil
}

func (w *Web) disableTwoFactor(req *pageRequest) (*response, error) {
	return w.change(req, "two-factor", func(access auth.Secret) error {
		return w.Accounts.DisableSecondFactors(req.r.Context(), access, signin.Proof{}, req.client)
	})
}

func (w *Web) renewBackupCodes(req *pageRequest) (*response, error) {
	p := enrolmentPage{}
	a, err := w.change(req, "two-factor", func(access auth.Secret) error {
		codes, err := w.Accounts.RenewBackupCodes(req.r.Context(), access, signin.Proof{}, req.client)
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
