// SPDX-License-Identifier: Apache-2.0

package redis

import (
	"context"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/realmkeeper/realmkeeper/authserver/internal/auth"
	"github.com/realmkeeper/realmkeeper/authserver/realmconfig"
	"github.com/realmkeeper/realmkeeper/internal/testenv"
	"github.com/realmkeeper/realmkeeper/internal/testenv/eventually"
)

// patient makes a cache wait for its server, however busy the machine is, and say
// everything once: what is said again is counted again.
func (c *Cache) patient(t *testing.T, url string) {
	t.Helper()
	options, err := redis.ParseURL(url)
	if err != nil {
		t.Fatal(err)
	}
	c.timeout = eventually.Patience
	options.DialTimeout, options.ReadTimeout, options.WriteTimeout, options.PoolTimeout = c.timeout, c.timeout, c.timeout, c.timeout
	options.MaxRetries, options.DialerRetries = -1, 1
	slow := &client{UniversalClient: redis.NewClient(options)}
	c.current.Store(slow)
	t.Cleanup(func() { _ = slow.Close() })
}

// open is a cache of the test's own whose clock the test sets.
func open(t *testing.T, url string) (*Cache, *atomic.Int64) {
	t.Helper()
	clock := &atomic.Int64{}
	clock.Store(time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC).UnixNano())
	c, err := Open(realmconfig.Place{URL: realmconfig.Credential(url)}, Options{
		Realm: t.Name(), Timeout: 5 * time.Second, Now: func() time.Time { return time.Unix(0, clock.Load()) }, Log: slog.New(slog.DiscardHandler),
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	return c, clock
}

// leaveOne has all of a rate taken but one. Taking thousands one by one would last so
// long that Redis, whose clock does not stand still as the test's does, forgets the first.
func (c *Cache) leaveOne(t *testing.T, key string, rate Rate) {
	t.Helper()
	due := c.breaker.now().Add(rate.Window - rate.interval())
	if err := c.redis().Set(t.Context(), c.prefix+"rate:"+key, due.UnixMicro(), rate.Window).Err(); err != nil {
		t.Fatal(err)
	}
}

func TestTakeAllowsABurstAndThenTheRate(t *testing.T) {
	t.Parallel()
	rate := Rate{Burst: 3, Window: time.Hour}
	redisURL := testenv.StartRedis(t).URL()
	cases := map[string]struct {
		url  string
		take func(*Cache, context.Context, string) (time.Duration, error)
	}{
		"counted by Redis": {redisURL, func(c *Cache, ctx context.Context, key string) (time.Duration, error) {
			return c.takeShared(ctx, key, rate, c.breaker.now())
		}},
		"counted by the server": {"redis://127.0.0.1:1/0", func(c *Cache, ctx context.Context, key string) (time.Duration, error) {
			return c.Take(ctx, key, rate), nil
		}},
	}
	for name, test := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c, clock := open(t, test.url)
			c.patient(t, test.url)
			take := func(key string, want time.Duration) {
				t.Helper()
				if got, err := test.take(c, t.Context(), key); err != nil || got != want {
					t.Errorf("told to wait %s, %v, want %s", got, err, want)
				}
			}
			for range rate.Burst {
				take("a", 0)
			}
			take("a", 20*time.Minute)
			take("a", 20*time.Minute) // asking costs nothing
			take("b", 0)
			clock.Add(int64(19 * time.Minute))
			take("a", time.Minute)
			clock.Add(int64(time.Minute))
			take("a", 0)
			take("a", 20*time.Minute)
			clock.Add(int64(24 * time.Hour))
			for range rate.Burst {
				take("a", 0)
			}
			take("a", 20*time.Minute)
		})
	}
}

func TestTakeIsAtomic(t *testing.T) {
	t.Parallel()
	url := testenv.StartRedis(t).URL()
	c, _ := open(t, url)
	c.patient(t, url)
	taken := atomic.Int64{}
	group := sync.WaitGroup{}
	for range 50 {
		group.Go(func() {
			wait, err := c.takeShared(t.Context(), "a", Rate{Burst: 7, Window: time.Hour}, time.Unix(0, 0))
			if err != nil {
				t.Error(err)
			}
			if err == nil && wait == 0 {
				taken.Add(1)
			}
		})
	}
	group.Wait()
	if taken.Load() != 7 {
		t.Errorf("%d of 50 were given one of 7", taken.Load())
	}
}

func TestAServerWithAFastClockHarmsTheOthersLittle(t *testing.T) {
	t.Parallel()
	rate := Rate{Burst: 3, Window: time.Hour}
	c, clock := open(t, testenv.StartRedis(t).URL())
	clock.Add(int64(24 * time.Hour))
	c.Take(t.Context(), "a", rate)
	clock.Add(-int64(24 * time.Hour))
	if wait := c.Take(t.Context(), "a", rate); wait > 20*time.Minute {
		t.Errorf("told to wait %s", wait)
	}
}

// Whatever somebody else wrote there, a source has its rate back after a window.
func TestWhatIsNoCountOfOursPasses(t *testing.T) {
	t.Parallel()
	rate := Rate{Burst: 3, Window: time.Hour}
	url := testenv.StartRedis(t).URL()
	for name, value := range map[string]string{
		"far ahead": "9999999999999999", "without end": "inf", "no number": "nan", "nothing": "", "words": "tomorrow", "long ago": "-1e300",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c, clock := open(t, url)
			c.patient(t, url)
			if err := c.redis().Set(t.Context(), c.prefix+"rate:a", value, 0).Err(); err != nil {
				t.Fatal(err)
			}
			take := func() time.Duration {
				t.Helper()
				wait, err := c.takeShared(t.Context(), "a", rate, c.breaker.now())
				if err != nil {
					t.Fatal(err)
				}
				return wait
			}
			if wait := take(); wait > rate.Window {
				t.Errorf("told to wait %s", wait)
			}
			if left, err := c.redis().PTTL(t.Context(), c.prefix+"rate:a").Result(); err != nil || left <= 0 || left > rate.Window {
				t.Errorf("it is kept for %s, %v", left, err)
			}
			clock.Add(int64(rate.Window))
			for range rate.Burst {
				if wait := take(); wait != 0 {
					t.Errorf("after a window told to wait %s", wait)
				}
			}
			if take() == 0 {
				t.Error("nothing is counted any more")
			}
		})
	}
}

func TestAnotherTypeOfValueIsNoOutage(t *testing.T) {
	t.Parallel()
	url := testenv.StartRedis(t).URL()
	c, _ := open(t, url)
	c.patient(t, url)
	counter := auth.CounterKey{1}
	for _, key := range []string{c.lockKey(counter), c.revocationKey("a"), c.prefix + "rate:a"} {
		if err := c.redis().RPush(t.Context(), key, "1").Err(); err != nil {
			t.Fatal(err)
		}
	}
	for range 2 * failuresToOpen {
		if _, found := c.Lock(t.Context(), counter); found {
			t.Error("a list is a lock")
		}
		if found := c.Revocations(t.Context(), "a", "b"); len(found) != 0 {
			t.Error("a list is a revocation")
		}
		c.Take(t.Context(), "a", Rate{Burst: 100, Window: time.Minute})
	}
	if c.Away() {
		t.Error("Redis is left alone")
	}
	c.KeepRevocation(t.Context(), "a", []byte("sealed"), time.Minute)
	if found := c.Revocations(t.Context(), "b", "a"); string(found["a"]) != "sealed" || len(found) != 1 {
		t.Errorf("found %v", found)
	}
}

func TestRevocationsAreFoundOnAnyNode(t *testing.T) {
	t.Parallel()
	nodes := testenv.StartRedisCluster(t)
	c, clock := open(t, "redis+cluster://"+nodes[0].Address())
	ids := strings.Fields("one two three four five six seven eight")
	deadline := time.Now().Add(eventually.Patience)
	for _, id := range ids {
		for len(c.Revocations(t.Context(), id)) == 0 { // the cluster may be busy with itself
			c.KeepRevocation(t.Context(), id, []byte(id), time.Hour)
			clock.Add(int64(pause)) // after failures it is asked again
			if time.Now().After(deadline) {
				t.Fatalf("%s is not kept", id)
			}
		}
	}
	for len(c.Revocations(t.Context(), ids...)) != len(ids) {
		clock.Add(int64(pause))
		if time.Now().After(deadline) {
			t.Fatal("not all are found at once")
		}
	}
}

func TestValuesAreReadWithinBounds(t *testing.T) {
	t.Parallel()
	url := testenv.StartRedis(t).URL()
	c, _ := open(t, url)
	c.patient(t, url)
	token := auth.TokenHash{1}
	if err := c.redis().Set(t.Context(), c.graceKey(token), make([]byte, 1<<20), 0).Err(); err != nil {
		t.Fatal(err)
	}
	if value, _ := c.Successor(t.Context(), token); len(value) > longestValue {
		t.Errorf("%d bytes were read", len(value))
	}
}

func TestWhatAServerCountsItselfIsBounded(t *testing.T) {
	t.Parallel()
	o, now, rate := &localBuckets{}, time.Unix(0, 0), Rate{Burst: 1, Window: time.Minute}
	for i := range 3 * maxLocalBuckets {
		if wait := o.take(fmt.Sprint(i), rate, now); wait != 0 {
			t.Fatalf("key %d has to wait", i)
		}
	}
	if n := len(o.recent) + len(o.old); n > 2*maxLocalBuckets {
		t.Errorf("%d keys are kept", n)
	}
	if o.take(fmt.Sprint(3*maxLocalBuckets-1), rate, now) == 0 {
		t.Error("what was counted last is forgotten")
	}
}
