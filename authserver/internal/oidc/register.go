// SPDX-License-Identifier: Apache-2.0

package oidc

import (
	"errors"
	"io"
	"mime"
	"net/http"

	"github.com/realmkeeper/realmkeeper/authserver/internal/auth"
	"github.com/realmkeeper/realmkeeper/authserver/internal/client"
	"github.com/realmkeeper/realmkeeper/authserver/internal/registrar"
	"github.com/realmkeeper/realmkeeper/authserver/internal/request"
	"github.com/realmkeeper/realmkeeper/authserver/realmconfig"
)

const registerPath = Path + "register"

// Those of a client that registers itself (RFC 7591, section 3.2.2).
const (
	InvalidRedirectURI    ErrorCode = "invalid_redirect_uri"
	InvalidClientMetadata ErrorCode = "invalid_client_metadata"
)

// registrationRoutes are the client registration endpoint (RFC 7591, section 3). Pages of other
// origins cannot ask there: whoever has an initial access token does not put it into a page.
func (s *Service) registrationRoutes() []request.Route {
	return []request.Route{{Pattern: "POST " + registerPath, Rate: request.RateRegistration, Handler: http.HandlerFunc(s.register)}}
}

// registrationEndpoint is empty where nobody may register a client.
func (s *Service) registrationEndpoint() string {
	if !s.Settings().Clients.Registration.Open() {
		return ""
	}
	return s.address(registerPath)
}

// registrationBody is what a client is told of itself (section 3.2.1). A public client's
// registration has no secret, and no address at which it could be changed.
type registrationBody struct {
	ClientID      string                  `json:"client_id"`
	IssuedAt      int64                   `json:"client_id_issued_at"`
	Name          string                  `json:"client_name,omitempty"`
	URI           string                  `json:"client_uri,omitempty"`
	RedirectURIs  []string                `json:"redirect_uris"`
	GrantTypes    []realmconfig.GrantType `json:"grant_types"`
	ResponseTypes []string                `json:"response_types"`
	AuthMethod    realmconfig.AuthMethod  `json:"token_endpoint_auth_method"`
}

func registrationOf(r client.Registered) registrationBody {
	return registrationBody{
		ClientID: r.ID, IssuedAt: r.Since.Unix(), Name: r.Name, URI: r.URI, RedirectURIs: r.RedirectURIs, GrantTypes: r.GrantTypes,
		ResponseTypes: []string{"code"}, AuthMethod: realmconfig.NoAuthMethod,
	}
}

func (s *Service) register(w http.ResponseWriter, r *http.Request) {
	if s.Settings().Clients.Registration == nil {
		s.problems.Write(w, r, auth.Refuse(auth.NotFound))
		return
	}
	registered, err := s.registered(w, r)
	if err != nil {
		s.failRegistration(w, r, err)
		return
	}
	s.answer(w, r, http.StatusCreated, registrationOf(registered))
}

func (s *Service) registered(w http.ResponseWriter, r *http.Request) (client.Registered, error) {
	token, err := request.Bearer(r)
	if err != nil {
		return client.Registered{}, err
	}
	media, _, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if err != nil || media != "application/json" {
		return client.Registered{}, refuse(InvalidClientMetadata, "The Content-Type must be application/json.")
	}
	document, err := io.ReadAll(http.MaxBytesReader(w, r.Body, registrar.MaxRegistration))
	switch {
	case errors.As(err, new(*http.MaxBytesError)):
		return client.Registered{}, errorOf(auth.Refuse(auth.BodyTooLarge))
	case err != nil:
		return client.Registered{}, &Error{Code: InvalidClientMetadata, Description: "The body ends before its end.", Cause: err}
	}
	return s.Registrar.Register(r.Context(), token, document, request.Client(r, s.Settings().Network))
}

func (s *Service) failRegistration(w http.ResponseWriter, r *http.Request, err error) {
	refusal := (*registrar.Refusal)(nil)
	switch {
	case errors.Is(err, auth.Refuse(auth.TokenMissing)):
		err = &bearerError{description: "The request has no initial access token."}
	case errors.Is(err, auth.Refuse(auth.TokenInvalid)):
		err = &bearerError{code: invalidToken, description: "That is no initial access token of this realm."}
	case errors.As(err, &refusal) && refusal.RedirectURI:
		err = refuse(InvalidRedirectURI, refusal.Description)
	case refusal != nil:
		err = refuse(InvalidClientMetadata, refusal.Description)
	}
	s.failBearer(w, r, err)
}
