// SPDX-License-Identifier: Apache-2.0

package web

import (
	"html/template"
	"net/http"
	"net/url"

	"github.com/realmkeeper/realmkeeper/authserver/internal/auth"
	"github.com/realmkeeper/realmkeeper/authserver/internal/request"
	"github.com/realmkeeper/realmkeeper/authserver/internal/signin"
)

// openJourney reads the journey that the address or the form says somebody is on. One that
// is not ours is none: they sign in all the same, and land on their account. It refuses as
// signin.CheckRedirect does.
func (w *Web) openJourney(req *pageRequest) error {
	sent := req.r.URL.Query()
	if req.r.Method == http.MethodPost {
		sent = req.r.PostForm
	}
	if returnTo := sent.Get("return_to"); returnTo != "" && sent.Get("journey") == "" {
		return w.beginHandOver(req, returnTo, sent.Get("code_challenge"))
	}
	w.takeJourney(req, sent.Get("journey"))
	return nil
}

// beginHandOver makes a journey of the older hand-over, in which an application says by
// itself where somebody goes afterwards.
func (w *Web) beginHandOver(req *pageRequest, returnTo, challenge string) error {
	if err := w.SignIn.CheckRedirect(returnTo, challenge); err != nil {
		return err
	}
	return w.sealJourney(req, request.Journey{ReturnTo: returnTo, Challenge: challenge, Began: w.Now()})
}

func (w *Web) sealJourney(req *pageRequest, journey request.Journey) error {
	sealed, err := request.Journeys{Sealer: w.Sealer}.Seal(journey)
	req.sealedJourney, req.journey = sealed, journey
	return err
}

func (w *Web) takeJourney(req *pageRequest, sealed string) {
	journey, ok := request.Journeys{Sealer: w.Sealer}.Open(sealed)
	if !ok {
		return
	}
	req.sealedJourney, req.journey = sealed, journey
	req.language = req.appearance.languageFor(req.r, journey.Locales)
}

// goOn sends somebody who has signed in on to the client's request. What they have shown
// speaks for the journey that asked for it, and for no other.
func (w *Web) goOn(req *pageRequest, result signin.SignIn) (*response, error) {
	next, err := w.onward(req, result)
	if err != nil {
		return nil, err
	}
	return seeOther(next)
}

// onward is the address of the client's request, for somebody who has signed in.
func (w *Web) onward(req *pageRequest, result signin.SignIn) (string, error) {
	journey := req.journey
	if !journey.Reauthenticate || !result.ShownSince.IsZero() && journey.Before(result.ShownSince) {
		journey.SignedIn = result.Grant.Subject.SessionID
	}
	if err := w.sealJourney(req, journey); err != nil {
		return "", err
	}
	return req.wayOn(), nil
}

// Visitor implements oidc.Pages. It wants the session's refresh token and replaces it, as
// signin.Authorize does: whoever has found nothing but an access token must not turn it
// into a code.
func (w *Web) Visitor(rw http.ResponseWriter, r *http.Request) (auth.Subject, error) {
	return w.visitor(w.newPageRequest(rw, r))
}

func (w *Web) visitor(req *pageRequest) (auth.Subject, error) {
	if !hasSession(req.r) {
		return auth.Subject{}, auth.Refuse(auth.RefreshTokenInvalid)
	}
	if err := w.Limiter.CheckRefresh(req.r); err != nil {
		return auth.Subject{}, err
	}
	grant, err := w.Sessions.Refresh(req.r.Context(), cookie(req.r, refreshCookie), req.client)
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
	req := w.newPageRequest(rw, r)
	w.takeJourney(req, journey)
	w.setSecurityHeaders(req)
	to := signInAddress(req.journey, journey)
	if req.wantsMore() {
		to = stepUpAddress(journey)
	}
	http.Redirect(rw, r, to, http.StatusSeeOther)
}

// signInAddress is where somebody signs in who is on a journey.
func signInAddress(journey request.Journey, sealed string) string {
	page := "/signin"
	if journey.Provider != "" {
		page += "/with/" + url.PathEscape(journey.Provider)
	}
	return page + "?" + url.Values{"journey": {sealed}}.Encode()
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
