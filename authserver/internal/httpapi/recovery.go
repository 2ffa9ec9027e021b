// SPDX-License-Identifier: Apache-2.0

package httpapi

import (
	"context"
	"net/http"
	"time"

	"github.com/realmkeeper/realmkeeper/authserver/internal/account"
	"github.com/realmkeeper/realmkeeper/authserver/internal/auth"
	"github.com/realmkeeper/realmkeeper/authserver/internal/request"
)

func (a *API) recoveryRoutes() []route {
	const cancel, of = "/api/auth/recovery/cancel/{token}", "/api/admin/users/{id}/recovery"
	return []route{
		endpoint(a, route{
			method: "POST", path: "/api/auth/recovery", status: http.StatusAccepted,
			summary: "Begin to recover an account without a password, with the token of a reset mail",
			rate:    request.RateMail,
			refuses: []auth.Code{auth.ResetTokenInvalid, auth.RecoveryInvalid, auth.EmailUnavailable},
		}, a.beginRecovery),
		endpoint(a, route{
			method: "GET", path: cancel, status: http.StatusOK,
			summary: "Say which recovery the link in a mail cancels",
			rate:    request.RateCode,
			refuses: []auth.Code{auth.RecoveryInvalid},
		}, a.checkCancellation),
		endpoint(a, route{
			method: "POST", path: cancel, status: http.StatusNoContent,
			summary: "Cancel a recovery by the link in a mail",
			rate:    request.RateCode,
			refuses: []auth.Code{auth.RecoveryInvalid},
		}, a.cancelByMail),
		endpoint(a, route{
			method: "GET", path: "/api/user/recovery", status: http.StatusOK, bearer: bearerRequired,
			summary: "The recovery of the user's account that waits, or none",
			rate:    request.RateRead,
		}, a.recovery),
		endpoint(a, route{
			method: "DELETE", path: "/api/user/recovery", status: http.StatusNoContent, bearer: bearerRequired,
			summary: "Cancel the recovery of the user's account",
			rate:    request.RateCode,
			refuses: append(proofRefusals(), auth.RecoveryInvalid, auth.RecoveryContested),
		}, a.cancelRecovery),
		endpoint(a, route{
			method: "POST", path: of + "/approve", status: http.StatusNoContent, bearer: bearerRequired,
			summary: "Let a user's recovery through: the link is mailed at once",
			rate:    request.RateCode,
			refuses: append(proofRefusals(), auth.PermissionDenied, auth.NotFound, auth.RecoveryInvalid, auth.EmailUnavailable),
		}, a.approveRecoveryOf),
		endpoint(a, route{
			method: "DELETE", path: of, status: http.StatusNoContent, bearer: bearerRequired,
			summary: "Cancel a user's recovery",
			rate:    request.RateCode,
			refuses: append(proofRefusals(), auth.PermissionDenied, auth.NotFound, auth.RecoveryInvalid),
		}, a.cancelRecoveryOf),
	}
}

// recoveryBody says when a recovery was begun, from where, and when its link is mailed and works.
type recoveryBody struct {
	BegunAt   time.Time `json:"begun_at"`
	ReadyAt   time.Time `json:"ready_at"`
	ExpiresAt time.Time `json:"expires_at"`
	Address   string    `json:"address"`
	UserAgent string    `json:"user_agent"`
}

func recoveryOf(r *account.Recovery) *recoveryBody {
	if r == nil {
		return nil
	}
	return &recoveryBody{r.BegunAt, r.ReadyAt, r.ExpiresAt, r.Address, r.UserAgent}
}

type beginRecoveryBody struct {
	Token auth.Secret `json:"token" required:"true" maxLength:"512"`
}

func (a *API) beginRecovery(ctx context.Context, r call[beginRecoveryBody]) (recoveryBody, error) {
	begun, err := a.Accounts.BeginRecovery(ctx, r.Body.Token, r.Client)
	return *recoveryOf(&begun), err
}

func (a *API) checkCancellation(ctx context.Context, r call[credentialPath]) (recoveryBody, error) {
	found, err := a.Accounts.CheckCancellation(ctx, r.Body.Token)
	return *recoveryOf(&found), err
}

func (a *API) cancelByMail(ctx context.Context, r call[credentialPath]) (empty, error) {
	return empty{}, a.Accounts.CancelByMail(ctx, r.Body.Token, r.Client)
}

// ownRecoveryBody has null for none.
type ownRecoveryBody struct {
	Recovery *recoveryBody `json:"recovery"`
}

func (a *API) recovery(ctx context.Context, r call[empty]) (ownRecoveryBody, error) {
	found, err := a.Accounts.RecoveryOf(ctx, r.Bearer)
	return ownRecoveryBody{recoveryOf(found)}, err
}

func (a *API) cancelRecovery(ctx context.Context, r call[proofBody]) (empty, error) {
	return empty{}, a.Accounts.CancelRecovery(ctx, r.Bearer, r.Body.proof(), r.Client)
}

func (a *API) approveRecoveryOf(ctx context.Context, r call[provenUserPath]) (empty, error) {
	return empty{}, a.Admin.ApproveRecovery(ctx, r.Bearer, r.Body.ID, r.Body.proof(), r.Client)
}

func (a *API) cancelRecoveryOf(ctx context.Context, r call[provenUserPath]) (empty, error) {
	return empty{}, a.Admin.CancelRecovery(ctx, r.Bearer, r.Body.ID, r.Body.proof(), r.Client)
}
