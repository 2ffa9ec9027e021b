// SPDX-License-Identifier: Apache-2.0

package httpapi

import (
	"context"
	"encoding/json"
	"net/http"
	"reflect"

	"github.com/realmkeeper/realmkeeper/authserver/internal/auth"
	"github.com/realmkeeper/realmkeeper/authserver/internal/request"
)

// call is what a handler is given: the decoded body and who sent it.
type call[Body any] struct {
	Body   Body
	Bearer auth.Secret
	Client auth.Client
	// KeepDevice is for tokensOf.
	KeepDevice deviceKeeper
}

// empty is the body of a request or response that has none.
type empty struct{}

// endpoint completes a route with a typed handler. A body is read only if the
// handler has one; it may be left out when none of its fields is required.
func endpoint[In, Out any](a *API, r route, handle func(context.Context, call[In]) (Out, error)) route {
	r.in, r.out = reflect.TypeFor[In](), reflect.TypeFor[Out]()
	decoder := decoderOf(r.in)
	r.handler = http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		in := call[In]{Client: request.Client(req, a.Settings().Network), KeepDevice: keeperIn(w)}
		var err error
		if r.bearer != bearerUnused {
			in.Bearer, err = request.Bearer(req)
		}
		if err == nil {
			err = decoder.read(w, req, &in.Body)
		}
		out := *new(Out)
		if err == nil {
			out, err = handle(req.Context(), in)
		}
		if err != nil {
			a.problems.Write(w, req, err)
			return
		}
		w.Header().Set("Cache-Control", "no-store")
		a.write(w, req, r.status, out)
	})
	return r
}

func (a *API) write(w http.ResponseWriter, r *http.Request, status int, body any) {
	if status == http.StatusNoContent {
		w.WriteHeader(status)
		return
	}
	document, err := json.Marshal(body)
	if err != nil {
		a.problems.Write(w, r, err)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_, _ = w.Write(document) // a client that has left is no news
}
