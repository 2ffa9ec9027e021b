// SPDX-License-Identifier: Apache-2.0

package client

import (
	"slices"

	"github.com/realmkeeper/realmkeeper/authserver/internal/auth"
	"github.com/realmkeeper/realmkeeper/authserver/realmconfig"
)

// Resource is what a client answers requests for (RFC 9728); false where it declares nothing,
// where another client has declared the same before it, and where the realm lets nobody have
// tokens for it.
func (s *Service) Resource(c realmconfig.Client) (realmconfig.ProtectedResource, bool) {
	if c.ProtectedResource == nil {
		return realmconfig.ProtectedResource{}, false
	}
	server, found := s.ResourceServer(c.ProtectedResource.Resource)
	return *c.ProtectedResource, found && server.ID == c.ID
}

// ResourceOf is the Resource of the client of an id.
func (s *Service) ResourceOf(id string) (realmconfig.ProtectedResource, bool) {
	declared, _ := s.Clients().Find(id)
	return s.Resource(declared)
}

// ResourceServer is the client that answers requests for a resource, under the conditions of
// Resource.
func (s *Service) ResourceServer(resource string) (realmconfig.Client, bool) {
	server, found := s.Clients().ResourceServer(resource)
	if !found || !slices.Contains(s.Settings().Clients.Audiences, server.ProtectedResource.Resource) {
		return realmconfig.Client{}, false
	}
	return server, true
}

// IsFor reports whether a client is among those whom a token is for: by its id, or by what it
// answers requests for, whichever client the token was issued to.
func (s *Service) IsFor(t auth.ClientToken, c realmconfig.Client) bool {
	resource, declared := s.Resource(c)
	return t.IsFor(c.ID) || declared && t.IsFor(resource.Resource)
}
