// SPDX-License-Identifier: Apache-2.0

package web

import (
	"errors"
	"net/http"

	"github.com/realmkeeper/realmkeeper/authserver/internal/auth"
	"github.com/realmkeeper/realmkeeper/authserver/internal/problem"
	"github.com/realmkeeper/realmkeeper/authserver/internal/request"
)

// pageRequest is one request for a page.
type pageRequest struct {
	w          http.ResponseWriter
	r          *http.Request
	client     auth.Client
	language   translation
	appearance *appearance
	// origin is the realm's, for a page that is shown at the address of an application; empty
	// for one of the realm's own.
	origin string
	// access is the token that was issued meanwhile; empty while it is the cookie's.
	access auth.Secret
	// journey is where somebody goes on whom an application has sent, and sealedJourney
	// what says so; empty for others.
	journey       request.Journey
	sealedJourney string
}

// response is what a page answers: a template, a redirect or a file.
type response struct {
	template string
	status   int // 200 when zero
	data     any
	// location is where the browser goes on with a GET (RFC 9110, section 15.4.4).
	location string
	// file is downloaded.
	file *file
	// document is read by a script, in JSON.
	document any
}

func show(template string, data any) (*response, error) {
	return &response{template: template, data: data}, nil
}

func seeOther(location string) (*response, error) { return &response{location: location}, nil }

// handler turns a page into a handler. Every refusal that the page does not
// explain itself becomes an error page.
func (w *Web) handler(page func(*pageRequest) (*response, error)) http.Handler {
	return http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		req := w.newPageRequest(rw, r)
		err := req.readInput()
		if err == nil {
			err = w.openJourney(req)
		}
		if err == nil {
			err = request.CheckOrigin(r)
		}
		var a *response
		if err == nil {
			a, err = page(req)
		}
		if demand, lacks := insufficient(err); lacks {
			w.problems.Record(r, err)
			a, err = w.leadToStepUp(req, demand)
		}
		switch {
		case errors.Is(err, errSignIn):
			w.setSecurityHeaders(req)
			http.Redirect(rw, r, "/signin", http.StatusSeeOther)
		case err != nil:
			w.fail(req, err)
		case a.location != "":
			w.setSecurityHeaders(req)
			http.Redirect(rw, r, a.location, http.StatusSeeOther)
		case a.file != nil:
			w.download(req, *a.file)
		case a.document != nil:
			w.answerScript(req, a.document)
		default:
			w.render(req, a)
		}
	})
}

func (w *Web) newPageRequest(rw http.ResponseWriter, r *http.Request) *pageRequest {
	a := w.currentAppearance()
	return &pageRequest{w: rw, r: r, client: request.Client(r, w.Settings().Network), language: a.languageFor(r, ""), appearance: a}
}

// path is the page's own address with what was asked for there, or the start for
// one that only answers a form.
func (req *pageRequest) path() string {
	if req.r.Method == http.MethodGet {
		return req.r.URL.RequestURI()
	}
	return "/"
}

// refusal is an error that the caller is told about.
func refusal(err error) (*auth.Error, bool) {
	var e *auth.Error
	return e, errors.As(err, &e)
}

// formRefusal is a refusal that a form can show beside itself; a fault of ours has
// a page of its own, and so has what wants proof, or a better sign-in.
func formRefusal(err error) (*auth.Error, bool) {
	e, ok := refusal(err)
	if ok && e.Code == auth.InvalidRequest && len(e.Fields) > 0 && e.Fields[0].Field == "code" {
		return invalid("code"), true
	}
	return e, ok && e.Code != auth.ProofRequired && e.Demand == nil && problem.PageStatus(e.Code) < http.StatusInternalServerError
}
