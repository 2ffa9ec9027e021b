// SPDX-License-Identifier: Apache-2.0

package web

import (
	"time"

	"github.com/realmkeeper/realmkeeper/authserver/internal/auth"
	"github.com/realmkeeper/realmkeeper/authserver/internal/personaltoken"
	"github.com/realmkeeper/realmkeeper/authserver/internal/signin"
)

// newAccountToken is the form for a token of the service account of the address.
func (w *Web) newAccountToken(req *pageRequest, clientID string) (newTokenPage, error) {
	ctx, id, account := req.r.Context(), req.r.PathValue("id"), auth.ServiceAccount{}
	p, err := w.newTokenFor(req, clientID, func(access auth.Secret) (list []personaltoken.Application, longest time.Duration, err error) {
		if account, err = w.ServiceAccounts.Get(ctx, access, id, req.client); err != nil {
			return nil, 0, err
		}
		return w.PersonalTokens.ApplicationsFor(ctx, access, id, req.client)
	})
	p.Account, p.Back = account.Name, serviceAccountAddress(id)
	return p, err
}

func (w *Web) showNewAccountToken(req *pageRequest) (*response, error) {
	p, err := w.newAccountToken(req, req.r.URL.Query().Get("client"))
	if err != nil {
		return nil, err
	}
	return show("new-token", p)
}

func (w *Web) makeAccountToken(req *pageRequest) (*response, error) {
	p, err := w.newAccountToken(req, req.field("client", maxClientID))
	if err != nil {
		return nil, err
	}
	return w.makeTokenBy(req, p, func(access auth.Secret, n personaltoken.New) (personaltoken.Listed, auth.Secret, error) {
		return w.PersonalTokens.MakeFor(req.r.Context(), access, req.r.PathValue("id"), n, signin.Proof{}, req.client)
	})
}
