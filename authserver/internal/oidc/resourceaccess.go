// SPDX-License-Identifier: Apache-2.0

package oidc

import (
	"context"
	"slices"

	"github.com/realmkeeper/realmkeeper/authserver/internal/auth"
	"github.com/realmkeeper/realmkeeper/authserver/realmconfig"
)

// openTo is as much of an audience as somebody may use: whom a client is for that answers
// requests for a resource, the client says. It refuses with ClientAccessDenied where nothing
// is left.
func (s *Service) openTo(ctx context.Context, audience []string, userID string) ([]string, error) {
	restricted := func(a string) bool {
		server, found := s.Clients.ResourceServer(a)
		return found && server.Access != nil
	}
	if !slices.ContainsFunc(audience, restricted) {
		return audience, nil
	}
	groups, err := s.Groups(ctx, userID)
	if err != nil {
		return nil, err
	}
	open := slices.DeleteFunc(slices.Clone(audience), func(a string) bool {
		server, found := s.Clients.ResourceServer(a)
		return found && !server.Admits(groups)
	})
	if len(open) == 0 {
		return nil, auth.Refuse(auth.ClientAccessDenied)
	}
	return open, nil
}

// resourcesAmong are those of an audience for which some client answers requests.
func (s *Service) resourcesAmong(audience []string) []string {
	return slices.DeleteFunc(slices.Clone(audience), func(a string) bool {
		_, found := s.Clients.ResourceServer(a)
		return !found
	})
}

// asListed is what a client asks for (RFC 8707, section 2), in the words in which it is
// listed, each once; false where one is not. Libraries write a URL without a path in either
// way.
func asListed(list, resources []string) ([]string, bool) {
	found := []string{}
	for _, resource := range resources {
		at := slices.Index(list, resource)
		if at < 0 {
			at = slices.IndexFunc(list, func(listed string) bool { return realmconfig.SameResource(listed, resource) })
		}
		if at < 0 {
			return nil, false
		}
		if !slices.Contains(found, list[at]) {
			found = append(found, list[at])
		}
	}
	return found, true
}
