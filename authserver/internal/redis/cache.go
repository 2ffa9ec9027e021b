// SPDX-License-Identifier: Apache-2.0

// Package redis keeps what may be forgotten: it answers for PostgreSQL while it
// can and says "I do not know" otherwise. No method returns an error.
package redis

import (
	"context"
	"encoding/hex"
	"errors"
	"log/slog"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/redis/go-redis/v9/maintnotifications"

	"github.com/realmkeeper/realmkeeper/authserver/internal/auth"
)

// callTimeout bounds one call, connecting included. PostgreSQL answers in a few
// milliseconds, so a cache slower than this is no help.
const callTimeout = 100 * time.Millisecond

// Cache is the Redis or Valkey of one realm. It implements auth.Ephemeral.
type Cache struct {
	client  *redis.Client
	breaker *breaker
	prefix  string
	own     own
}

// Open prepares a client; it does not connect yet. Keys carry the realm's name,
// so that realms may share a server. The error never quotes url.
func Open(url, realm string, now func() time.Time, log *slog.Logger) (*Cache, error) {
	options, err := redis.ParseURL(url)
	if err != nil {
		return nil, errors.New("read cache URL: it is not a Redis URL")
	}
	options.DialTimeout, options.ReadTimeout, options.WriteTimeout = callTimeout, callTimeout, callTimeout
	options.PoolTimeout = callTimeout
	options.ContextTimeoutEnabled = true // or the deadline of a call is ignored
	options.MaxRetries = 1               // a connection that a restart has killed is not an outage
	options.DialerRetries = 1            // whereas a refused one is
	// Servers that do not know this handshake refuse it, on every connection.
	options.MaintNotificationsConfig = &maintnotifications.Config{Mode: maintnotifications.ModeDisabled}
	client := redis.NewClient(options)
	client.AddHook(traced{})
	return &Cache{
		client:  client,
		breaker: &breaker{now: now, log: log},
		prefix:  "rk:" + realm + ":",
	}, nil
}

// Close ends every connection.
func (c *Cache) Close() error { return c.client.Close() }

// Away reports whether the cache is being left alone after failures.
func (c *Cache) Away() bool { return c.breaker.isOpen() }

func (c *Cache) lockKey(counter auth.CounterKey) string {
	return c.prefix + "lock:" + hex.EncodeToString(counter[:])
}
func (c *Cache) graceKey(token auth.TokenHash) string {
	return c.prefix + "grace:" + hex.EncodeToString(token[:])
}
func (c *Cache) endedKey(sessionID string) string { return c.prefix + "ended:" + sessionID }

// LockedUntil implements auth.Ephemeral.
func (c *Cache) LockedUntil(ctx context.Context, counter auth.CounterKey) (time.Time, bool) {
	value, ok := c.get(ctx, c.lockKey(counter))
	until, err := time.Parse(time.RFC3339Nano, string(value))
	return until, ok && err == nil
}

// Lock implements auth.Ephemeral.
func (c *Cache) Lock(ctx context.Context, counter auth.CounterKey, ttl time.Duration, until time.Time) {
	c.set(ctx, c.lockKey(counter), []byte(until.Format(time.RFC3339Nano)), ttl)
}

// Unlock implements auth.Ephemeral.
func (c *Cache) Unlock(ctx context.Context, counter auth.CounterKey) {
	c.try(ctx, func(ctx context.Context) error { return c.client.Del(ctx, c.lockKey(counter)).Err() })
}

// Successor implements auth.Ephemeral.
func (c *Cache) Successor(ctx context.Context, token auth.TokenHash) ([]byte, bool) {
	return c.get(ctx, c.graceKey(token))
}

// KeepSuccessor implements auth.Ephemeral.
func (c *Cache) KeepSuccessor(ctx context.Context, token auth.TokenHash, sealed []byte, ttl time.Duration) {
	c.set(ctx, c.graceKey(token), sealed, ttl)
}

// SessionEnded implements auth.Ephemeral.
func (c *Cache) SessionEnded(ctx context.Context, sessionID string) bool {
	_, ended := c.get(ctx, c.endedKey(sessionID))
	return ended
}

// MarkEnded implements auth.Ephemeral.
func (c *Cache) MarkEnded(ctx context.Context, sessionID string, ttl time.Duration) {
	c.set(ctx, c.endedKey(sessionID), []byte{'1'}, ttl)
}

func (c *Cache) get(ctx context.Context, key string) (value []byte, ok bool) {
	c.try(ctx, func(ctx context.Context) (err error) {
		value, err = c.client.Get(ctx, key).Bytes()
		if errors.Is(err, redis.Nil) {
			return nil
		}
		ok = err == nil
		return err
	})
	return value, ok
}

func (c *Cache) set(ctx context.Context, key string, value []byte, ttl time.Duration) {
	c.try(ctx, func(ctx context.Context) error { return c.client.Set(ctx, key, value, ttl).Err() })
}

func (c *Cache) try(ctx context.Context, call func(context.Context) error) {
	if !c.breaker.allow() {
		return
	}
	bounded, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	err := call(bounded)
	if ctx.Err() != nil {
		return // the caller left; that says nothing about the cache
	}
	c.breaker.record(ctx, err)
}
