// SPDX-License-Identifier: Apache-2.0

package redis

import (
	"context"
	"time"

	"github.com/redis/go-redis/v9"
)

// Rate is how often something may happen: Burst times at once, and then as often
// as Window has passed Burst times over.
type Rate struct {
	Burst  int
	Window time.Duration
}

func (r Rate) interval() time.Duration { return r.Window / time.Duration(r.Burst) }

// Take asks for one of what a rate allows for key. The answer is zero when it
// was given, and otherwise how long to wait. While Redis is away, every server
// counts for itself.
func (c *Cache) Take(ctx context.Context, key string, rate Rate) time.Duration {
	now := c.breaker.now()
	wait, answered := time.Duration(0), false
	c.try(ctx, func(ctx context.Context) (err error) {
		wait, err = c.takeShared(ctx, key, rate, now)
		answered = err == nil
		return err
	})
	if !answered {
		return c.local.take(key, rate, now)
	}
	return wait
}

func (c *Cache) takeShared(ctx context.Context, key string, rate Rate, now time.Time) (time.Duration, error) {
	micros, err := takeScript.Run(ctx, c.redis(), []string{c.prefix + "rate:" + key},
		now.UnixMicro(), rate.interval().Microseconds(), rate.Window.Microseconds()).Int64()
	return time.Duration(micros) * time.Microsecond, err
}

// takeScript is the generic cell rate algorithm (ITU-T I.371): all it keeps is
// the time at which everything that was taken so far is due. The caller's clock
// is the one that the realm goes by. A server whose clock is ahead of the others,
// or whoever else writes here, must not push a key further into their future than
// a full burst: what is further ahead, or no time at all, is written anew, so that
// it passes.
var takeScript = redis.NewScript(`
local now, interval, window = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
local kept = redis.pcall('GET', KEYS[1])
local due = type(kept) == 'string' and tonumber(kept) or now
if due ~= due then due = now end
local function keep(time)
	redis.call('SET', KEYS[1], string.format('%.0f', time), 'PX', math.ceil((time - now) / 1000))
end
if due > now + window then
	due = now + window
	keep(due)
end
due = math.max(due, now) + interval
if due > now + window then return due - window - now end
keep(due)
return 0`)
