// SPDX-License-Identifier: Apache-2.0

package redis

import (
	"context"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/realmkeeper/realmkeeper/authserver/realmconfig"
)

const (
	// mostPushed requests of clients of one type may be kept in a minute, which each is kept
	// for: 64 MiB of longestPushed, in bytes. Those that anybody can push, in the name of a
	// public client, take no room from those of clients that have shown who they are.
	mostPushed    = 8192
	longestPushed = 8 << 10
)

// KeepPushed implements oidc.PushedRequests.
func (c *Cache) KeepPushed(ctx context.Context, name string, sealed []byte, of realmconfig.ClientType, ttl time.Duration) (kept bool) {
	if len(sealed) > longestPushed || c.Take(ctx, "pushed:"+string(of), Rate{Burst: mostPushed, Window: time.Minute}) > 0 {
		return false
	}
	c.try(ctx, func(ctx context.Context) error {
		err := c.redis().Set(ctx, c.pushedKey(name), sealed, ttl).Err()
		kept = err == nil
		return err
	})
	return kept
}

// TakePushed implements oidc.PushedRequests.
func (c *Cache) TakePushed(ctx context.Context, name string) (sealed []byte, found bool) {
	c.try(ctx, func(ctx context.Context) error {
		text, err := takePushedScript.Run(ctx, c.redis(), []string{c.pushedKey(name)}, longestValue-1).Text()
		sealed, found = []byte(text), err == nil && text != ""
		return err
	})
	return sealed, found
}

// takePushedScript is GETDEL, with a bound on what somebody else may have written.
var takePushedScript = redis.NewScript(`
local kept = redis.call('GETRANGE', KEYS[1], 0, ARGV[1])
redis.call('DEL', KEYS[1])
return kept`)

func (c *Cache) pushedKey(name string) string { return c.prefix + "pushed:" + name }
