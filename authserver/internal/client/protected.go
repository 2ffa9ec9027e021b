// SPDX-License-Identifier: Apache-2.0

package client

import "github.com/realmkeeper/realmkeeper/authserver/realmconfig"

// Protected is a resource that clients which have registered themselves may ask for: one that
// an application of the cluster declares, under the conditions of Resource.
func (s *Service) Protected(resource string) (realmconfig.ProtectedResource, bool) {
	server, found := s.ResourceServer(resource)
	if !found {
		return realmconfig.ProtectedResource{}, false
	}
	return *server.ProtectedResource, true
}
