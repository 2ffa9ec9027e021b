// SPDX-License-Identifier: Apache-2.0

package authserver

import (
	"crypto/rand"

	"github.com/realmkeeper/realmkeeper/authserver/internal/auth"
	"github.com/realmkeeper/realmkeeper/authserver/internal/oidc"
	"github.com/realmkeeper/realmkeeper/authserver/internal/redis"
	"github.com/realmkeeper/realmkeeper/authserver/internal/request"
	"github.com/realmkeeper/realmkeeper/authserver/internal/web"
)

// newOpenIDProvider is the realm as its clients know it.
func (s *server) newOpenIDProvider(can capabilities, sealer auth.Sealer, cache *redis.Cache, pages *web.Web, limiter request.Limiter) *oidc.Service {
	return oidc.New(oidc.Deps{
		Realm:   auth.Realm{Settings: s.folder.Config, Now: s.Now, Random: rand.Reader, Log: s.Log},
		Clients: can.clients, Registrar: can.registrar, Sessions: can.sessions, Grants: can.grants, Tokens: s.tokens, PersonalTokens: can.personal, Groups: can.groups.Of,
		Pages: pages, Journeys: request.Journeys{Sealer: sealer}, Pushed: cache, Proofs: can.proofs, Limiter: limiter, Observer: s.metrics,
	})
}
