// SPDX-License-Identifier: Apache-2.0

package oidc

import (
	"context"
	"net/http"

	"github.com/realmkeeper/realmkeeper/authserver/internal/auth"
	"github.com/realmkeeper/realmkeeper/authserver/internal/request"
	"github.com/realmkeeper/realmkeeper/authserver/realmconfig"
)

// call is a request of a client that has shown who it is.
type call struct {
	form
	client realmconfig.Client
	// from is the machine that sends the request: the client's own, or for a public
	// client a user's.
	from auth.Client
	// path is that of the endpoint, below the issuer, and proofs are the values of the header
	// DPoP that came with the call.
	path   string
	proofs []string
	// key is the thumbprint of the key that the client has shown to hold; see proven. It is
	// empty for none.
	key string
}

// handler answers a call with what becomes JSON, or nil for an answer without a body.
type handler func(ctx context.Context, c call) (any, error)

// preparation is what is done for a request before it is known which client sends it.
type preparation func(r *http.Request, f form) error

// created is an answer that tells of something new (RFC 9110, section 15.3.2).
type created struct{ body any }

// endpoint is an address to which clients post a form, and show who they are (RFC 6749,
// section 3.2). Pages of a public client may do so from a browser. A request is counted
// when it is known whose it is, and so not by whoever serves the route.
func (s *Service) endpoint(path string, rate request.RateClass, handle handler, before ...preparation) []request.Route {
	post := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := s.call(w, r, rate, handle, before...)
		if err != nil {
			s.fail(w, r, err)
			return
		}
		if made, ok := body.(created); ok {
			s.answer(w, r, http.StatusCreated, made.body)
			return
		}
		s.answer(w, r, http.StatusOK, body)
	})
	return []request.Route{
		{Pattern: "POST " + path, Handler: post},
		{Pattern: "OPTIONS " + path, Handler: http.HandlerFunc(s.preflight)},
	}
}

func (s *Service) call(w http.ResponseWriter, r *http.Request, rate request.RateClass, handle handler, before ...preparation) (any, error) {
	f, err := readForm(w, r)
	if err != nil {
		return nil, err
	}
	if err := s.limitLookUp(r, f.get("client_id")); err != nil {
		return nil, err
	}
	for _, prepare := range before {
		if err := prepare(r, f); err != nil {
			return nil, err
		}
	}
	client, err := s.authenticate(r.Context(), r, f)
	if err != nil {
		return nil, err
	}
	if isPublic(client) {
		request.AllowOrigin(w.Header(), r, originsOf(client))
	}
	if err := s.limit(r, rate, client); err != nil {
		return nil, err
	}
	s.giveNonce(w, r)
	return handle(r.Context(), call{
		form: f, client: client, from: request.Client(r, s.Settings().Network), path: r.URL.Path, proofs: request.Proofs(r),
	})
}

// limit counts a request of a client that has shown who it is against the client. One
// that shows nothing is whoever sends the request.
func (s *Service) limit(r *http.Request, rate request.RateClass, client realmconfig.Client) error {
	route := request.Route{Pattern: request.InfoFrom(r.Context()).Route, Rate: rate}
	if isPublic(client) {
		return s.Limiter.Check(r, route)
	}
	return s.Limiter.CheckClient(r, route, client.ID)
}

// limitLookUp counts a request that names a client which nobody declares, before the Store is
// asked for it: such ids are without number, and nobody has to show anything for them.
func (s *Service) limitLookUp(r *http.Request, clientID string) error {
	if !realmconfig.IsSelfRegisteredID(clientID) {
		return nil
	}
	return s.Limiter.Check(r, request.Route{Pattern: request.InfoFrom(r.Context()).Route, Rate: request.RateRead})
}

func isPublic(c realmconfig.Client) bool { return c.Type == realmconfig.PublicClient }
