// SPDX-License-Identifier: Apache-2.0

package web

import (
	"time"

	"github.com/realmkeeper/realmkeeper/authserver/internal/account"
	"github.com/realmkeeper/realmkeeper/authserver/internal/auth"
	"github.com/realmkeeper/realmkeeper/authserver/internal/request"
	"github.com/realmkeeper/realmkeeper/authserver/internal/signin"
)

func (w *Web) recoveryPages() []page {
	return []page{
		{"GET /recovery/cancel/{token}", request.RateCode, w.showCancellation},
		{"POST /recovery/cancel/{token}", request.RateCode, w.cancelByMail},
		{"POST /account/recovery/cancel", request.RateCode, w.requireProof(w.cancelRecovery)},
		{"POST /admin/users/{id}/recovery/approve", request.RateCode, w.requireProof(w.approveRecoveryOf)},
		{"POST /admin/users/{id}/recovery/cancel", request.RateCode, w.requireProof(w.cancelRecoveryOf)},
	}
}

// hours are a duration's, begun ones whole.
func hours(d time.Duration) int { return int((d + time.Hour - 1) / time.Hour) }

// beginRecovery begins the wait of somebody without a password.
func (w *Web) beginRecovery(req *pageRequest) (*response, error) {
	begun, err := w.Accounts.BeginRecovery(req.r.Context(), req.mailedToken(), req.client)
	e, ok := refusal(err)
	switch {
	case ok && e.Code == auth.ResetTokenInvalid:
		return w.resetExpired(e)
	case ok && e.Code == auth.RecoveryInvalid: // nobody has to wait any more
		return seeOther("/credential/" + string(req.mailedToken()))
	case err != nil:
		return nil, err
	}
	w.keepJourney(req)
	p := credentialPage{Choice: account.Credential{Email: begun.Email, Recovers: true, Waits: &begun}}
	return show("recover", p)
}

// cancellationPage asks whoever follows the link in a mail whether they mean it. Programs that look
// at mails follow links, too.
type cancellationPage struct {
	Recovery account.Recovery
}

func (w *Web) showCancellation(req *pageRequest) (*response, error) {
	found, err := w.Accounts.CheckCancellation(req.r.Context(), req.mailedToken())
	if err != nil {
		return nil, err
	}
	return show("cancel-recovery", cancellationPage{found})
}

func (w *Web) cancelByMail(req *pageRequest) (*response, error) {
	if err := w.Accounts.CancelByMail(req.r.Context(), req.mailedToken(), req.client); err != nil {
		return nil, err
	}
	return show("done", done{About: "recovery-cancelled", Next: "/"})
}

func (w *Web) cancelRecovery(req *pageRequest) (*response, error) {
	return w.change(req, "recovery", func(access auth.Secret) error {
		return w.Accounts.CancelRecovery(req.r.Context(), access, signin.Proof{}, req.client)
	})
}

func (w *Web) approveRecoveryOf(req *pageRequest) (*response, error) {
	return w.administer(req, "recovery", "recovery-approved", func(access auth.Secret, id string) error {
		return w.Admin.ApproveRecovery(req.r.Context(), access, id, signin.Proof{}, req.client)
	})
}

func (w *Web) cancelRecoveryOf(req *pageRequest) (*response, error) {
	return w.administer(req, "recovery", "recovery-cancelled", func(access auth.Secret, id string) error {
		return w.Admin.CancelRecovery(req.r.Context(), access, id, signin.Proof{}, req.client)
	})
}
