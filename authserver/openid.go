// SPDX-License-Identifier: Apache-2.0

package authserver

import (
	"context"
	"crypto/rand"
	"sync"

	"github.com/realmkeeper/realmkeeper/authserver/internal/auth"
	"github.com/realmkeeper/realmkeeper/authserver/internal/federation"
	"github.com/realmkeeper/realmkeeper/authserver/internal/oidc"
	"github.com/realmkeeper/realmkeeper/authserver/internal/redis"
	"github.com/realmkeeper/realmkeeper/authserver/internal/request"
	"github.com/realmkeeper/realmkeeper/authserver/internal/web"
	"github.com/realmkeeper/realmkeeper/internal/claims"
)

// newOpenIDProvider is the realm as its clients know it.
func (s *server) newOpenIDProvider(can capabilities, sealer auth.Sealer, cache *redis.Cache, pages *web.Web, limiter request.Limiter) *oidc.Service {
	return oidc.New(oidc.Deps{
		Realm:   auth.Realm{Settings: s.folder.Config, Now: s.Now, Random: rand.Reader, Log: s.Log},
		Clients: can.clients, Registrar: can.registrar, Sessions: can.sessions, Grants: can.grants, Tokens: s.tokens, PersonalTokens: can.personal, Groups: can.groups.Of,
		Identities: identitiesFrom(can.federation.Store), Language: sync.OnceValues(claims.New),
		Pages: pages, Journeys: request.Journeys{Sealer: sealer}, Pushed: cache, Proofs: can.proofs, Limiter: limiter, Observer: s.metrics,
	})
}

// identitiesFrom reads what claims may know of people's accounts at other providers.
func identitiesFrom(store federation.Store) func(context.Context, string) ([]claims.Identity, error) {
	return func(ctx context.Context, userID string) ([]claims.Identity, error) {
		linked, err := store.IdentitiesOf(ctx, userID)
		var list []claims.Identity
		for _, l := range linked {
			list = append(list, claims.Identity{Provider: l.Identity.Provider, Issuer: l.Identity.Issuer, Subject: l.Identity.Subject})
		}
		return list, err
	}
}
