// SPDX-License-Identifier: Apache-2.0

package httpapi

import (
	"context"
	"errors"
	"net/http"

	"github.com/realmkeeper/realmkeeper/authserver/internal/auth"
	"github.com/realmkeeper/realmkeeper/authserver/internal/dpop"
	"github.com/realmkeeper/realmkeeper/authserver/internal/request"
)

// proofOf is session.ForwardedClients.Proof for a request that a gateway holds back. The
// proof is of that request, as the gateway tells of it. Nobody could tell its sender a nonce.
func (a *API) proofOf(r *http.Request, access auth.Secret, scheme request.Scheme) func(context.Context, auth.ClientToken) error {
	return func(ctx context.Context, t auth.ClientToken) error {
		switch bound := t.Key != ""; {
		case bound != (scheme == request.DPoPScheme):
			return auth.RefuseBecause(auth.TokenInvalid, auth.TokenBound)
		case !bound:
			return nil
		}
		method, url, told := request.HeldBack(r)
		if !told {
			return auth.RefuseBecause(auth.TokenInvalid, auth.RequestUnknown)
		}
		err := a.Proofs.Prove(ctx, dpop.Request{Proofs: request.Proofs(r), Method: method, URL: url}, access, t.Key)
		if refused := (*dpop.Refusal)(nil); errors.As(err, &refused) {
			return &auth.Error{Code: auth.TokenInvalid, Reason: auth.ProofRefused, Cause: err}
		}
		return err
	}
}
