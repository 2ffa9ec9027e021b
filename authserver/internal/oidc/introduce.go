// SPDX-License-Identifier: Apache-2.0

package oidc

import (
	"errors"
	"net/http"
	"net/url"

	"github.com/realmkeeper/realmkeeper/authserver/internal/auth"
	"github.com/realmkeeper/realmkeeper/authserver/internal/registrar"
	"github.com/realmkeeper/realmkeeper/authserver/internal/request"
)

// introduce has a client known that publishes a document of itself. It refuses as
// registrar.Introduce does.
func (s *Service) introduce(r *http.Request, id string) error {
	route := request.Route{Pattern: request.InfoFrom(r.Context()).Route, Rate: request.RateDocument}
	return s.Registrar.Introduce(r.Context(), registrar.Introduction{
		ID: id, From: request.Client(r, s.Settings().Network),
		Admit: func(host string, known bool) error {
			if err := s.Limiter.Check(r, route); err != nil {
				return err
			}
			return s.Limiter.CheckHost(r, route, host, known)
		},
	})
}

// targetOf is where the answer to a request of a client goes, which is introduced first.
func (s *Service) targetOf(r *http.Request, values url.Values) (target, error) {
	if id, ok := once(values, "client_id"); ok {
		if err := s.introduce(r, id); err != nil {
			return target{}, err
		}
	}
	return targetOf(r.Context(), s.Clients, values)
}

// introduceSender is introduce at an endpoint that clients ask by themselves, in the words of
// OAuth 2.0.
func (s *Service) introduceSender(r *http.Request, f form) error {
	err := s.introduce(r, f.get("client_id"))
	if !errors.Is(err, auth.Refuse(auth.ClientRequestInvalid)) {
		return err
	}
	if auth.ReasonOf(err) == auth.ClientDocumentUnreadable {
		return refuse(InvalidClient, "There is no document of a client that can be read at the client_id.")
	}
	return refuse(InvalidClient, "The document at the client_id is not that of a client that the realm takes.")
}
