// SPDX-License-Identifier: Apache-2.0

package oidc

import (
	"net/http"
	"net/url"
	"slices"

	"github.com/realmkeeper/realmkeeper/authserver/internal/auth"
	"github.com/realmkeeper/realmkeeper/authserver/internal/request"
	"github.com/realmkeeper/realmkeeper/authserver/realmconfig"
)

// publicOrigins are those of all public clients of a set.
type publicOrigins struct {
	of      *realmconfig.ClientSet
	origins map[string]bool
}

// originsOf are the origins of a client's redirect URIs, at which its pages are.
func originsOf(client realmconfig.Client) []string {
	origins := []string{}
	for _, uri := range client.RedirectURIs {
		u, err := url.Parse(uri)
		if err != nil {
			continue
		}
		if origin, err := realmconfig.Origin(u); err == nil { // others are no pages'
			origins = append(origins, origin)
		}
	}
	return origins
}

// preflight tells a browser what a page may send. It does not say of which client the
// page is, so that the page of any public client is let in; the answer to what it sends
// then is readable to the client's own alone.
func (s *Service) preflight(w http.ResponseWriter, r *http.Request) {
	s.preflightOf(http.MethodPost).ServeHTTP(w, r)
}

// preflightOf is preflight for an address that answers these methods.
func (s *Service) preflightOf(methods string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		known := []string{}
		if origin := r.Header.Get("Origin"); s.publicOrigins()[origin] || s.isOwnOrigin(origin) || s.isDocumentOrigin(origin) {
			known = append(known, origin)
		}
		if !request.AllowOrigin(w.Header(), r, known) || !request.IsPreflight(r) {
			w.Header().Set("Allow", methods)
			s.problems.Write(w, r, auth.Refuse(auth.MethodNotAllowed))
			return
		}
		request.AnswerPreflight(w, methods)
	})
}

// isOwnOrigin reports whether the realm's own applications have pages there.
func (s *Service) isOwnOrigin(origin string) bool {
	client, found := s.Settings().FirstParty()
	return found && slices.Contains(originsOf(client), origin)
}

// isDocumentOrigin reports whether a client that is known by its document can have pages there.
// Those of a client that has registered itself send what needs no preflight, and read the
// answer as others do.
func (s *Service) isDocumentOrigin(origin string) bool {
	documents := s.Settings().Clients.MetadataDocuments
	return documents != nil && documents.AllowsOrigin(origin)
}

// publicOrigins are remembered for as long as the clients are the same.
func (s *Service) publicOrigins() map[string]bool {
	set := s.Clients.Clients()
	if last := s.origins.Load(); last != nil && last.of == set {
		return last.origins
	}
	next := &publicOrigins{of: set, origins: map[string]bool{}}
	for client := range set.All() {
		if !isPublic(client) {
			continue
		}
		for _, origin := range originsOf(client) {
			next.origins[origin] = true
		}
	}
	s.origins.Store(next)
	return next.origins
}
