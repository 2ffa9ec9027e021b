// SPDX-License-Identifier: Apache-2.0

package oidc

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/realmkeeper/realmkeeper/authserver/internal/auth"
	"github.com/realmkeeper/realmkeeper/authserver/internal/request"
	"github.com/realmkeeper/realmkeeper/authserver/realmconfig"
)

const (
	jwksPath   = "/.well-known/jwks.json"
	openIDPath = "/.well-known/openid-configuration"
	// oauthPath is that of RFC 8414, section 3.
	oauthPath = "/.well-known/oauth-authorization-server"
)

// wellKnownRoutes are documents for everybody, made of what is in memory. OpenID
// Connect Discovery 1.0 looks for its own below the issuer; RFC 8414, section 3.1, at
// the host's root, with the issuer's path behind it.
func (s *Service) wellKnownRoutes() []request.Route {
	describe := func() (any, error) { return s.metadata() }
	return []request.Route{
		{Pattern: "GET " + jwksPath, Handler: s.document(s.jwks)},
		{Pattern: "GET " + openIDPath, Handler: s.document(describe)},
		{Pattern: "GET " + oauthPath, Handler: s.document(describe)},
		{Pattern: "GET " + openIDPath + "/{path...}", Handler: s.behindHost(s.document(describe))},
		{Pattern: "GET " + oauthPath + "/{path...}", Handler: s.behindHost(s.document(describe))},
	}
}

type jwksBody struct {
	Keys []realmconfig.JWK `json:"keys"`
}

// jwks is the key set (RFC 7517, section 5).
func (s *Service) jwks() (any, error) {
	keys, err := s.Tokens.JWKS()
	return jwksBody{keys}, err
}

// behindHost answers where the rest of the path is the issuer's.
func (s *Service) behindHost(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		issuer, err := url.Parse(s.Settings().Issuer)
		if err != nil || "/"+r.PathValue("path") != strings.TrimSuffix(issuer.Path, "/") {
			s.problems.Write(w, r, auth.Refuse(auth.NotFound))
			return
		}
		next.ServeHTTP(w, r)
	})
}

// document serves what verifiers and clients keep for a while.
func (s *Service) document(make func() (any, error)) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := make()
		if err != nil {
			s.problems.Write(w, r, err)
			return
		}
		encoded, err := json.Marshal(body)
		if err != nil {
			s.problems.Write(w, r, fmt.Errorf("encode document: %w", err))
			return
		}
		request.ServeDocument(w, r, encoded, time.Duration(s.Settings().Tokens.JWKSMaxAge))
	})
}
