// SPDX-License-Identifier: Apache-2.0

package authserver

import (
	"github.com/realmkeeper/realmkeeper/authserver/internal/password"
	"github.com/realmkeeper/realmkeeper/authserver/internal/postgres"
	"github.com/realmkeeper/realmkeeper/authserver/internal/redis"
)

// gauge shows what the parts of the server say of themselves when asked.
func (s *server) gauge(store *postgres.Store, cache *redis.Cache, engine *password.Engine) {
	s.metrics.Gauge("password_lanes_busy", "Passwords being hashed.", func() float64 {
		return float64(engine.State().Lanes)
	})
	s.metrics.Gauge("password_queue", "Logins waiting for a processor.", func() float64 {
		return float64(engine.State().Waiting)
	})
	s.metrics.Gauge("password_queue_wait_seconds", "What a login that comes now would wait for a processor.", func() float64 {
		return engine.State().Wait.Seconds()
	})
	s.metrics.Counter("passwords_hashed_total", "Passwords hashed.", func() float64 {
		return float64(engine.State().Hashed)
	})
	s.metrics.Counter("passwords_refused_total", "Passwords not hashed because the queue was full.", func() float64 {
		return float64(engine.State().Refused)
	})
	s.metrics.Gauge("database_connections_open", "Connections to PostgreSQL.", func() float64 {
		open, _ := store.Connections()
		return float64(open)
	})
	s.metrics.Gauge("database_connections_used", "Connections to PostgreSQL in use.", func() float64 {
		_, used := store.Connections()
		return float64(used)
	})
	s.metrics.Gauge("cache_away", "1 while Redis is left alone after failures.", func() float64 {
		if cache.Away() {
			return 1
		}
		return 0
	})
}
