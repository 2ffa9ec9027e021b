// SPDX-License-Identifier: Apache-2.0

package web

import (
	"html/template"
	"net/http"

	"github.com/realmkeeper/realmkeeper/authserver/internal/auth"
	"github.com/realmkeeper/realmkeeper/authserver/internal/request"
)

// agreePage asks somebody whether an application may be told of them.
type agreePage struct {
	request.Question
	// Account is the address of the account that is used.
	Account string
}

// Action is where the answer goes.
func (agreePage) Action() string { return request.DecisionPath }

// Allow is the answer of somebody who agrees.
func (agreePage) Allow() string { return request.Allow }

// Query is for the address where somebody signs in with another account.
func (p agreePage) Query() template.URL { return returnTarget{Journey: p.Journey}.Query() }

// AskToAgree implements oidc.Pages.
func (w *Web) AskToAgree(rw http.ResponseWriter, r *http.Request, who auth.Subject, q request.Question) {
	user, err := w.Sessions.UserOf(r.Context(), who)
	if err != nil {
		w.Fail(rw, r, err)
		return
	}
	req := w.newPageRequest(rw, r)
	w.takeJourney(req, q.Journey)
	w.render(req, &response{template: "agree", data: agreePage{q, user.Email}})
}
