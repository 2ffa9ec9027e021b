// SPDX-License-Identifier: Apache-2.0

package web

import (
	"errors"
	"net/http"

	"github.com/realmkeeper/realmkeeper/authserver/internal/auth"
	"github.com/realmkeeper/realmkeeper/authserver/internal/problem"
	"github.com/realmkeeper/realmkeeper/authserver/internal/request"
)

// visit is one request for a page.
type visit struct {
	w        http.ResponseWriter
	r        *http.Request
	client   auth.Client
	language speech
	look     *look
	// access is the token that this visit has got; empty while it is the cookie's.
	access auth.Secret
}

// answer is what a page says: a template, or a way to go on.
type answer struct {
	template string
	status   int // 200 when zero
	data     any
	// location is where to go on with a GET.
	location string
	// file is handed over instead of a page.
	file *file
}

func show(template string, data any) (*answer, error) {
	return &answer{template: template, data: data}, nil
}

func goOn(location string) (*answer, error) { return &answer{location: location}, nil }

// handler turns a page into a handler. Every refusal that the page does not
// explain itself becomes an error page.
func (w *Web) handler(page func(*visit) (*answer, error)) http.Handler {
	return http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		v := w.visit(rw, r)
		err := v.readInput()
		if err == nil {
			err = request.CheckOrigin(r)
		}
		var a *answer
		if err == nil {
			a, err = page(v)
		}
		switch {
		case errors.Is(err, errSignIn):
			w.secure(v)
			http.Redirect(rw, r, "/signin", http.StatusSeeOther)
		case err != nil:
			w.fail(v, err)
		case a.location != "":
			w.secure(v)
			http.Redirect(rw, r, a.location, http.StatusSeeOther)
		case a.file != nil:
			w.hand(v, *a.file)
		default:
			w.render(v, a)
		}
	})
}

func (w *Web) visit(rw http.ResponseWriter, r *http.Request) *visit {
	look := w.look()
	return &visit{w: rw, r: r, client: request.Client(r, w.Settings().Network), language: look.languageFor(r), look: look}
}

// path is the page's own address with what was asked for there, or the start for
// one that only answers a form.
func (v *visit) path() string {
	if v.r.Method == http.MethodGet {
		return v.r.URL.RequestURI()
	}
	return "/"
}

// refusal is an error that the caller is told about.
func refusal(err error) (*auth.Error, bool) {
	var e *auth.Error
	return e, errors.As(err, &e)
}

// explained is a refusal that a form can show beside itself; a fault of ours has
// a page of its own, and so has what wants proof.
func explained(err error) (*auth.Error, bool) {
	e, ok := refusal(err)
	return e, ok && e.Code != auth.ProofRequired && problem.PageStatus(e.Code) < http.StatusInternalServerError
}
