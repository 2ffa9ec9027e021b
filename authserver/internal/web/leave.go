// SPDX-License-Identifier: Apache-2.0

package web

import (
	"net/http"

	"github.com/realmkeeper/realmkeeper/authserver/internal/auth"
)

// leavePage asks somebody whether to sign out, whom an application has sent to do so.
type leavePage struct {
	// Application is what people call it; empty for one that has not said who it is.
	Application string
	// Journey says where to go afterwards.
	Journey string
}

// AskToSignOut implements oidc.Pages.
func (w *Web) AskToSignOut(rw http.ResponseWriter, r *http.Request, journey, application string) {
	req := w.newPageRequest(rw, r)
	w.takeJourney(req, journey)
	w.render(req, &response{template: "leave", data: leavePage{application, journey}})
}

// SignOut implements oidc.Pages.
func (w *Web) SignOut(rw http.ResponseWriter, r *http.Request) error {
	return w.endBrowserSession(w.newPageRequest(rw, r))
}

// endBrowserSession signs the browser out. One that is signed out already is.
func (w *Web) endBrowserSession(req *pageRequest) error {
	err := w.Sessions.Logout(req.r.Context(), "", cookie(req.r, refreshCookie), req.client)
	if e, ok := refusal(err); err != nil && !(ok && e.Code == auth.TokenMissing) {
		return err
	}
	req.clearSession()
	return nil
}

// SignedOut implements oidc.Pages.
func (w *Web) SignedOut(rw http.ResponseWriter, r *http.Request) {
	w.setSecurityHeaders(w.newPageRequest(rw, r))
	http.Redirect(rw, r, "/signed-out", http.StatusSeeOther)
}
