// SPDX-License-Identifier: Apache-2.0

package authserver

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/realmkeeper/realmkeeper/authserver/internal/lifecycle"
	"github.com/realmkeeper/realmkeeper/authserver/internal/postgres"
	"github.com/realmkeeper/realmkeeper/authserver/internal/redis"
)

// startTimeout is how long to wait for the database at start.
const startTimeout = 5 * time.Minute

// openDatabase returns once the database answers and has this build's schema. It
// stays open, and where the credentials say, until the server has stopped.
func (s *server) openDatabase(ctx context.Context) (*postgres.Store, error) {
	store, err := postgres.Open(context.WithoutCancel(ctx), s.database.status().place, s.databaseOptions())
	if err != nil {
		return nil, err
	}
	s.life.OnStop(store.Close)
	err = await(ctx, s.database.name, s.Log, func(ctx context.Context) error { return s.database.check(ctx, store) })
	if err == nil {
		err = store.CheckSchema(ctx)
	}
	if err != nil {
		return nil, err
	}
	s.life.Start("database", lifecycle.Forever(func(ctx context.Context) { s.database.supervise(ctx, store) }))
	return store, nil
}

func (o Options) databaseOptions() postgres.Options {
	return postgres.Options{Timeout: cmp.Or(o.DatabaseTimeout, postgres.QueryTimeout)}
}

// openCache does the same for the cache, which need not answer.
func (s *server) openCache() (*redis.Cache, error) {
	cache, err := redis.Open(s.cache.status().place, redis.Options{
		Realm: s.folder.Config().Realm, Timeout: cmp.Or(s.CacheTimeout, redis.CallTimeout), Now: s.Now, Log: s.Log,
	})
	if err != nil {
		return nil, err
	}
	s.life.OnStop(func() { _ = cache.Close() })
	s.life.Start("cache", lifecycle.Forever(func(ctx context.Context) { s.cache.supervise(ctx, cache) }))
	return cache, nil
}

// await returns when a store answers, or with the last reason it did not when
// startTimeout has passed. It says so in the log now and then.
func await(ctx context.Context, name string, log *slog.Logger, ask func(context.Context) error) error {
	ctx, cancel := context.WithTimeout(ctx, startTimeout)
	defer cancel()
	retry := time.NewTicker(minRetry)
	defer retry.Stop()
	progress := time.NewTicker(5 * time.Second)
	defer progress.Stop()
	for {
		reason := ask(ctx)
		if reason == nil {
			return nil
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("wait for %s: %w", name, errors.Join(context.Cause(ctx), reason))
		case <-progress.C:
			log.InfoContext(ctx, "waiting for "+name, "reason", reason)
		case <-retry.C:
		}
	}
}
