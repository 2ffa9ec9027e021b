// SPDX-License-Identifier: Apache-2.0

package authserver

import (
	"crypto/rand"

	"github.com/realmkeeper/realmkeeper/authserver/internal/auth"
	"github.com/realmkeeper/realmkeeper/authserver/internal/oidc"
	"github.com/realmkeeper/realmkeeper/authserver/internal/request"
)

// newOpenIDProvider is the realm as its clients know it.
func (s *server) newOpenIDProvider(can capabilities, limiter request.Limiter) *oidc.Service {
	return oidc.New(oidc.Deps{
		Realm:   auth.Realm{Settings: s.folder.Config, Now: s.Now, Random: rand.Reader, Log: s.Log},
		Clients: can.clients, Sessions: can.sessions, Tokens: s.tokens, Limiter: limiter, Observer: s.metrics,
	})
}
