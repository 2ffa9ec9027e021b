// SPDX-License-Identifier: Apache-2.0

// Package redis keeps what may be forgotten: it answers for PostgreSQL while it
// can and says "I do not know" otherwise. No method returns an error.
package redis

import (
	"context"
	"encoding/hex"
	"errors"
	"log/slog"
	"strings"
	"sync/atomic"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/realmkeeper/realmkeeper/authserver/internal/auth"
	"github.com/realmkeeper/realmkeeper/authserver/realmconfig"
)

// Cache is the Redis or Valkey of one realm, wherever that is now. It implements
// attempts.Ephemeral, session.Ephemeral, request.Shelf, oidc.PushedRequests and dpop.Seen. Every command is about one key, so that a cluster takes it too.
type Cache struct {
	current atomic.Pointer[client]
	timeout time.Duration // of one call
	breaker *breaker
	prefix  string
	local   localBuckets
}

// Options are what a Cache is opened with; every field is required.
type Options struct {
	// Realm is the name that keys carry, so that realms may share a server.
	Realm string
	// Timeout is how long one call may take, connecting included.
	Timeout time.Duration
	Now     func() time.Time
	Log     *slog.Logger
}

// Open prepares a client; it does not connect yet. The error never quotes the URL.
func Open(place realmconfig.Place, o Options) (*Cache, error) {
	first, err := connect(place, o.Timeout)
	if err != nil {
		return nil, err
	}
	c := &Cache{timeout: o.Timeout, breaker: newBreaker(o.Now, o.Log), prefix: "rk:" + o.Realm + ":"}
	c.current.Store(first)
	return c, nil
}

// Move goes over to another place, or the same with another password, while
// calls are made. Until the new one answers the old one stays; the error says why.
func (c *Cache) Move(ctx context.Context, to realmconfig.Place) error {
	next, err := connect(to, c.timeout)
	if err != nil {
		return err
	}
	if err := c.probe(ctx, next); err != nil {
		return errors.Join(err, next.Close())
	}
	old := c.current.Swap(next)
	c.breaker.record(ctx, nil)
	time.AfterFunc(2*c.timeout, func() { _ = old.Close() }) // when every call has ended that was made to it
	return nil
}

// Look connects anew, writes, and closes. The connections that there are show
// nothing of the kind: they may live on yesterday's password.
func (c *Cache) Look(ctx context.Context) error {
	fresh, err := connect(c.current.Load().place, c.timeout)
	if err != nil {
		return err
	}
	return errors.Join(c.probe(ctx, fresh), fresh.Close())
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
func (c *Cache) revocationKey(about string) string { return c.prefix + "revoked:" + about }

// Lock implements attempts.Ephemeral.
func (c *Cache) Lock(ctx context.Context, counter auth.CounterKey) ([]byte, bool) {
	return c.get(ctx, c.lockKey(counter))
}

// KeepLock implements attempts.Ephemeral.
func (c *Cache) KeepLock(ctx context.Context, counter auth.CounterKey, sealed []byte, ttl time.Duration) {
	c.set(ctx, c.lockKey(counter), sealed, ttl)
}

// ForgetLock implements attempts.Ephemeral.
func (c *Cache) ForgetLock(ctx context.Context, counter auth.CounterKey) {
	c.try(ctx, func(ctx context.Context) error { return c.redis().Del(ctx, c.lockKey(counter)).Err() })
}

// Successor implements session.Ephemeral.
func (c *Cache) Successor(ctx context.Context, token auth.TokenHash) ([]byte, bool) {
	return c.get(ctx, c.graceKey(token))
}

// KeepSuccessor implements session.Ephemeral.
func (c *Cache) KeepSuccessor(ctx context.Context, token auth.TokenHash, sealed []byte, ttl time.Duration) {
	c.set(ctx, c.graceKey(token), sealed, ttl)
}

// Revocations implements session.Ephemeral, in one round trip.
func (c *Cache) Revocations(ctx context.Context, about ...string) map[string][]byte {
	found := map[string][]byte(nil)
	c.try(ctx, func(ctx context.Context) error {
		answers := make([]*redis.StringCmd, len(about))
		_, err := c.redis().Pipelined(ctx, func(p redis.Pipeliner) error {
			for i, id := range about {
				answers[i] = p.GetRange(ctx, c.revocationKey(id), 0, longestValue-1)
			}
			return nil
		})
		for i, a := range answers {
			value, _ := a.Bytes()
			if len(value) == 0 {
				continue
			}
			if found == nil {
				found = map[string][]byte{}
			}
			found[about[i]] = value
		}
		return err
	})
	return found
}

// KeepRevocation implements session.Ephemeral.
func (c *Cache) KeepRevocation(ctx context.Context, about string, sealed []byte, ttl time.Duration) {
	c.set(ctx, c.revocationKey(about), sealed, ttl)
}

// longestValue is in bytes, far beyond anything that is kept. Somebody else may
// have written more, which must not fill this server's memory.
const longestValue = 16 << 10

// get takes nothing for a value that nobody keeps: it is what Redis answers when
// asked for the range of a key that is not there.
func (c *Cache) get(ctx context.Context, key string) (value []byte, ok bool) {
	c.try(ctx, func(ctx context.Context) (err error) {
		value, err = c.redis().GetRange(ctx, key, 0, longestValue-1).Bytes()
		ok = err == nil && len(value) > 0
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
	bounded, cancel := context.WithTimeout(ctx, c.timeout)
	defer cancel()
	err := call(bounded)
	if ctx.Err() != nil {
		return // the caller left; that says nothing about the cache
	}
	if wrongType(err) {
		return // somebody else's value, at a place where Redis answers
	}
	c.breaker.record(ctx, err)
}

// wrongType reports an answer about the type of a key's value, which Redis gives
// in its own words or, before version 7, in those of a script.
func wrongType(err error) bool { return err != nil && strings.Contains(err.Error(), "WRONGTYPE") }
