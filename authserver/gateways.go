// SPDX-License-Identifier: Apache-2.0

package authserver

import (
	"crypto/rand"

	"github.com/realmkeeper/realmkeeper/authserver/internal/auth"
	"github.com/realmkeeper/realmkeeper/authserver/internal/gateway"
	"github.com/realmkeeper/realmkeeper/authserver/internal/request"
	"github.com/realmkeeper/realmkeeper/authserver/internal/web"
)

// newGateways is the realm as gateways know it that stand in front of applications.
func (s *server) newGateways(can capabilities, sealer auth.Sealer, pages *web.Web, limiter request.Limiter) *gateway.Service {
	return gateway.New(gateway.Deps{
		Realm:   auth.Realm{Settings: s.folder.Config, Now: s.Now, Random: rand.Reader, Log: s.Log},
		Clients: can.clients, Sessions: can.sessions, Grants: can.grants, Groups: can.groups.Of, PersonalTokens: can.personal,
		Sealer: sealer, Pages: pages, Limiter: limiter,
	})
}
