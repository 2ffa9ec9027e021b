// SPDX-License-Identifier: Apache-2.0

package oidc

import (
	"net/http"
	"strings"

	"github.com/realmkeeper/realmkeeper/authserver/internal/auth"
	"github.com/realmkeeper/realmkeeper/authserver/internal/request"
	"github.com/realmkeeper/realmkeeper/authserver/realmconfig"
)

// resourcePath is that of RFC 9728, section 3.
const resourcePath = "/.well-known/oauth-protected-resource"

// resourceMetadata is what a protected resource says of itself (RFC 9728, section 2). It is
// the realm's word on which tokens there are for it. How the resource takes them otherwise,
// bound to keys or signed, the realm does not know, and says nothing of.
type resourceMetadata struct {
	Resource             string   `json:"resource"`
	AuthorizationServers []string `json:"authorization_servers"`
	Scopes               []string `json:"scopes_supported,omitempty"`
	BearerMethods        []string `json:"bearer_methods_supported"`
	Name                 string   `json:"resource_name"`
	Documentation        string   `json:"resource_documentation,omitempty"`
}

// resourceRoutes describe the resources that clients declare: each at an address of the
// realm's own, to which the WWW-Authenticate header of a resource can point (RFC 9728,
// section 5.1), and where the resource itself is, for gateways that lead the well-known path
// of its host to the realm.
func (s *Service) resourceRoutes() []request.Route {
	return []request.Route{
		{Pattern: "GET " + request.ResourceMetadataPath + "{client}", Handler: s.described(s.resourceOfClient)},
		{Pattern: "GET " + resourcePath, Handler: atAnothersHost(s.described(s.resourceAt))},
		{Pattern: "GET " + resourcePath + "/{path...}", Handler: atAnothersHost(s.described(s.resourceAt))},
	}
}

// described answers with the metadata of the resource that a request means.
func (s *Service) described(meant func(r *http.Request) (realmconfig.Client, bool)) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		client, _ := meant(r)
		resource, declared := s.Clients.Resource(client)
		if !declared {
			s.problems.Write(w, r, auth.Refuse(auth.NotFound))
			return
		}
		s.document(func() (any, error) {
			return resourceMetadata{
				Resource: resource.Resource, AuthorizationServers: []string{s.Settings().Issuer}, Scopes: resource.Scopes,
				BearerMethods: []string{"header"}, Name: client.DisplayName, Documentation: resource.Documentation,
			}, nil
		}).ServeHTTP(w, r)
	})
}

// atAnothersHost takes the header Strict-Transport-Security away: the host is not the
// realm's, and must not be bound to TLS for a year.
func atAnothersHost(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Del("Strict-Transport-Security")
		next.ServeHTTP(w, r)
	})
}

func (s *Service) resourceOfClient(r *http.Request) (realmconfig.Client, bool) {
	return s.Clients.Clients().Find(r.PathValue("client"))
}

// resourceAt is the one whose identifier becomes the address of a request when the well-known
// path is put behind its host, and a slash at the end of its path is left out (RFC 9728,
// section 3.1). What others would be told of whose resource it is, nobody keeps secret: the
// host may be what whoever asks has written.
func (s *Service) resourceAt(r *http.Request) (realmconfig.Client, bool) {
	about, once := request.ForwardedBy(r, s.Settings().Network)
	if !once {
		return realmconfig.Client{}, false
	}
	path := strings.TrimPrefix(r.URL.EscapedPath(), resourcePath)
	for _, scheme := range []string{"https://", "http://"} {
		at := scheme + strings.ToLower(about.Host) + path
		for _, resource := range []string{at, at + "/"} {
			if server, found := s.Clients.ResourceServer(resource); found {
				return server, true
			}
		}
	}
	return realmconfig.Client{}, false
}
