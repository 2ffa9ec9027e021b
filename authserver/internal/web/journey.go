// SPDX-License-Identifier: Apache-2.0

package web

import (
	"html/template"
	"net/http"
	"net/url"
	"time"

	"github.com/realmkeeper/realmkeeper/authserver/internal/auth"
	"github.com/realmkeeper/realmkeeper/authserver/internal/request"
)

// openJourney reads the journey that the address or the form says somebody is on. One that
// is not ours is none: they sign in all the same, and land on their account.
func (w *Web) openJourney(req *pageRequest) {
	sealed := req.r.URL.Query().Get("journey")
	if req.r.Method == http.MethodPost {
		sealed = req.field("journey", request.MaxJourney)
	}
	w.takeJourney(req, sealed)
}

func (w *Web) takeJourney(req *pageRequest, sealed string) {
	journey, ok := request.Journeys{Sealer: w.Sealer}.Open(sealed)
	if !ok {
		return
	}
	req.sealedJourney, req.journey = sealed, journey
	req.language = req.appearance.languageFor(req.r, journey.Locales)
}

// journeyCookies take the journey along that somebody leaves for a provider or for their
// mail. The last one is good for whoever comes back from a mail.
func journeyCookies() request.FlowCookies {
	return request.FlowCookies{Name: "__Host-rk-journey", Most: 4, MostBytes: 3 << 10, Lifetime: time.Hour}
}

// keepJourney lets somebody leave the realm's pages for a while, and names the flow by
// which they come back; empty for nobody's.
func (req *pageRequest) keepJourney() (flow string) {
	if req.sealedJourney == "" {
		return ""
	}
	flow = request.FlowOf(auth.Secret(req.sealedJourney))
	journeyCookies().Keep(req.w, req.r, flow, req.sealedJourney)
	return flow
}

// resumeJourney takes up the journey of somebody whom a provider has sent back.
func (w *Web) resumeJourney(req *pageRequest) {
	w.takeJourney(req, string(journeyCookies().Of(req.r, req.r.URL.Query().Get("resume"))))
}

// afterMail is where somebody goes on who has come from their mail: to the application that
// has sent them to sign in, in this browser, or to next.
func (req *pageRequest) afterMail(next string) string {
	last := journeyCookies().Newest(req.r)
	if last == "" {
		return next
	}
	journeyCookies().Take(req.w, req.r, request.FlowOf(last)) // the next mail has nothing to do with it
	return request.ResumeAddress(string(last))
}

// Visitor implements oidc.Pages. It wants the session's refresh token and replaces it, as
// signin.Authorize does: whoever has found nothing but an access token must not turn it
// into a code.
func (w *Web) Visitor(rw http.ResponseWriter, r *http.Request) (auth.Subject, error) {
	req := w.newPageRequest(rw, r)
	if !hasSession(r) {
		return auth.Subject{}, auth.Refuse(auth.RefreshTokenInvalid)
	}
	if err := w.Limiter.CheckRefresh(r); err != nil {
		return auth.Subject{}, err
	}
	grant, err := w.Sessions.Refresh(r.Context(), cookie(r, refreshCookie), req.client)
	if err != nil {
		if e, ok := refusal(err); ok && e.Code == auth.RefreshTokenInvalid {
			req.clearSession()
		}
		return auth.Subject{}, err
	}
	w.setSession(req, grant)
	return grant.Subject, nil
}

// AskToSignIn implements oidc.Pages.
func (w *Web) AskToSignIn(rw http.ResponseWriter, r *http.Request, journey string) {
	w.setSecurityHeaders(w.newPageRequest(rw, r))
	http.Redirect(rw, r, "/signin?"+url.Values{"journey": {journey}}.Encode(), http.StatusSeeOther)
}

// postPage is a form that sends itself.
type postPage struct {
	Address template.URL
	Fields  []postField
}

type postField struct{ Name, Value string }

// PostTo implements oidc.Pages. The address is one that a client has registered.
func (w *Web) PostTo(rw http.ResponseWriter, r *http.Request, address, formAction string, values url.Values) {
	req := w.newPageRequest(rw, r)
	req.journey.FormAction = formAction
	p := postPage{Address: template.URL(address)} //nolint:gosec // which is checked, and may have a scheme of an app's own
	for _, name := range []string{"code", "error", "error_description", "state", "iss"} {
		if values.Has(name) {
			p.Fields = append(p.Fields, postField{name, values.Get(name)})
		}
	}
	w.render(req, &response{template: "post", data: p})
}
