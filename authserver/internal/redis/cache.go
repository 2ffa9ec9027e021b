// SPDX-License-Identifier: Apache-2.0

// Package redis keeps what may be forgotten: it answers for PostgreSQL while it
// can and says "I do not know" otherwise. No method returns an error.
package redis

import (
	"context"
	"encoding/hex"
	"errors"
	"log/slog"
	"sync/atomic"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/realmkeeper/realmkeeper/authserver/internal/auth"
	"github.com/realmkeeper/realmkeeper/authserver/realmconfig"
)

// Cache is the Redis or Valkey of one realm, wherever that is now. It implements
// auth.Ephemeral. Every call is about one key, so that a cluster takes it too.
type Cache struct {
	current atomic.Pointer[client]
	breaker *breaker
	prefix  string
	own     own
}

// Open prepares a client; it does not connect yet. Keys carry the realm's name,
// so that realms may share a server. The error never quotes the URL.
func Open(place realmconfig.Place, realm string, now func() time.Time, log *slog.Logger) (*Cache, error) {
	first, err := connect(place)
	if err != nil {
		return nil, err
	}
	c := &Cache{breaker: newBreaker(now, log), prefix: "rk:" + realm + ":"}
	c.current.Store(first)
	return c, nil
}

// Move goes over to another place, or the same with another password, while
// calls are made. Until the new one answers the old one stays; the error says why.
func (c *Cache) Move(ctx context.Context, to realmconfig.Place) error {
	next, err := connect(to)
	if err != nil {
		return err
	}
	if err := c.probe(ctx, next); err != nil {
		return errors.Join(err, next.Close())
	}
	old := c.current.Swap(next)
	c.breaker.record(ctx, nil)
	time.AfterFunc(2*callTimeout, func() { _ = old.Close() }) // when every call has ended that was made to it
	return nil
}

// Look connects anew, writes, and closes. The connections that there are show
// nothing of the kind: they may live on yesterday's password.
func (c *Cache) Look(ctx context.Context) error {
	guest, err := connect(c.current.Load().place)
	if err != nil {
		return err
	}
	return errors.Join(c.probe(ctx, guest), guest.Close())
}

// probe writes, because a replica or a full server would let itself be read.
func (c *Cache) probe(ctx context.Context, with *client) error {
	ctx, cancel := context.WithTimeout(ctx, probeTimeout)
	defer cancel()
	return with.Set(ctx, c.prefix+"look", "1", time.Second).Err()
}

// Failing rings when the cache is left alone after failures.
func (c *Cache) Failing() <-chan struct{} { return c.breaker.opened }

// Close ends every connection.
func (c *Cache) Close() error { return c.redis().Close() }

// Away reports whether the cache is being left alone after failures.
func (c *Cache) Away() bool { return c.breaker.isOpen() }

func (c *Cache) redis() redis.UniversalClient { return c.current.Load().UniversalClient }

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
	c.try(ctx, func(ctx context.Context) error { return c.redis().Del(ctx, c.lockKey(counter)).Err() })
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
		value, err = c.redis().Get(ctx, key).Bytes()
		if errors.Is(err, redis.Nil) {
			return nil
		}
		ok = err == nil
		return err
	})
	return value, ok
}

func (c *Cache) set(ctx context.Context, key string, value []byte, ttl time.Duration) {
	c.try(ctx, func(ctx context.Context) error { return c.redis().Set(ctx, key, value, ttl).Err() })
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
