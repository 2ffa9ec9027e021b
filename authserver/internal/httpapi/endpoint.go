// SPDX-License-Identifier: Apache-2.0

package httpapi

import (
	"context"
	"encoding/json"
	"net/http"
	"reflect"

	"github.com/realmkeeper/realmkeeper/authserver/internal/auth"
)

// request is what a handler is given: the decoded body and who sent it.
type request[Body any] struct {
	Body   Body
	Bearer auth.Secret
	Client auth.Client
}

// nothing is the body of a request or response that has none.
type nothing struct{}

// endpoint completes a route with a typed handler. A body is read only if the
// handler has one; it may be left out when none of its fields is required.
func endpoint[In, Out any](a *API, r route, handle func(context.Context, request[In]) (Out, error)) route {
	r.in, r.out = reflect.TypeFor[In](), reflect.TypeFor[Out]()
	shape := shapeOf(r.in)
	r.handler = http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		in := request[In]{Client: a.clientOf(req)}
		err := error(nil)
		if r.bearer != bearerUnused {
			in.Bearer, err = bearerToken(req)
		}
		if err == nil {
			err = shape.read(w, req, &in.Body)
		}
		out := *new(Out)
		if err == nil {
			out, err = handle(req.Context(), in)
		}
		if err != nil {
			a.fail(w, req, err)
			return
		}
		if answer, ok := any(out).(interface{ cookies() []*http.Cookie }); ok {
			for _, cookie := range answer.cookies() {
				http.SetCookie(w, cookie)
			}
		}
		w.Header().Set("Cache-Control", "no-store")
		a.write(w, req, r.status, "application/json", out)
	})
	return r
}

func (a *API) write(w http.ResponseWriter, r *http.Request, status int, mediaType string, body any) {
	if status == http.StatusNoContent {
		w.WriteHeader(status)
		return
	}
	document, err := json.Marshal(body)
	if err != nil {
		a.fail(w, r, err)
		return
	}
	w.Header().Set("Content-Type", mediaType)
	w.WriteHeader(status)
	_, _ = w.Write(document) // a client that has left is no news
}
