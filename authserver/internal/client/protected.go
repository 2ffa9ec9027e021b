// SPDX-License-Identifier: Apache-2.0

package client

import (
	"slices"

	"github.com/realmkeeper/realmkeeper/authserver/realmconfig"
)

// Protected is a resource that clients which have registered themselves may ask for: one that
// an application of the cluster declares, and that is among the realm's audiences.
func (s *Service) Protected(resource string) (realmconfig.ProtectedResource, bool) {
	server, found := s.Clients().ResourceServer(resource)
	if !found || server.ProtectedResource == nil {
		return realmconfig.ProtectedResource{}, false
	}
	declared := *server.ProtectedResource
	allowed := slices.ContainsFunc(s.Settings().Clients.Audiences, func(a string) bool { return realmconfig.SameResource(a, declared.Resource) })
	return declared, allowed
}
