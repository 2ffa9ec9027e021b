// SPDX-License-Identifier: Apache-2.0

package redis

import (
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/realmkeeper/realmkeeper/internal/testenv"
)

// open is a cache of the test's own whose clock the test sets.
func open(t *testing.T, url string) (*Cache, *atomic.Int64) {
	t.Helper()
	clock := &atomic.Int64{}
	clock.Store(time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC).UnixNano())
	c, err := Open(url, t.Name(), func() time.Time { return time.Unix(0, clock.Load()) }, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	return c, clock
}

func TestTakeAllowsABurstAndThenTheRate(t *testing.T) {
	t.Parallel()
	rate := Rate{Burst: 3, Window: time.Minute}
	for name, url := range map[string]string{
		"counted by Redis":      testenv.StartRedis(t).URL(),
		"counted by the server": "redis://127.0.0.1:1/0",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c, clock := open(t, url)
			take := func(key string, want time.Duration) {
				t.Helper()
				if got := c.Take(t.Context(), key, rate); got != want {
					t.Errorf("told to wait %s, want %s", got, want)
				}
			}
			for range rate.Burst {
				take("a", 0)
			}
			take("a", 20*time.Second)
			take("a", 20*time.Second) // asking costs nothing
			take("b", 0)
			clock.Add(int64(19 * time.Second))
			take("a", time.Second)
			clock.Add(int64(time.Second))
			take("a", 0)
			take("a", 20*time.Second)
			clock.Add(int64(time.Hour))
			for range rate.Burst {
				take("a", 0)
			}
			take("a", 20*time.Second)
		})
	}
}

func TestTakeIsAtomic(t *testing.T) {
	t.Parallel()
	server := testenv.StartRedis(t)
	options, err := redis.ParseURL(server.URL())
	if err != nil {
		t.Fatal(err)
	}
	c, _ := open(t, server.URL())
	c.client = redis.NewClient(options) // it waits, however busy the machine is
	taken := atomic.Int64{}
	group := sync.WaitGroup{}
	for range 50 {
		group.Go(func() {
			wait, err := c.takeShared(t.Context(), "a", Rate{Burst: 7, Window: time.Minute}, time.Unix(0, 0))
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
	rate := Rate{Burst: 3, Window: time.Minute}
	c, clock := open(t, testenv.StartRedis(t).URL())
	clock.Add(int64(24 * time.Hour))
	c.Take(t.Context(), "a", rate)
	clock.Add(-int64(24 * time.Hour))
	if wait := c.Take(t.Context(), "a", rate); wait > 20*time.Second {
		t.Errorf("told to wait %s", wait)
	}
}

func TestWhatAServerCountsItselfIsBounded(t *testing.T) {
	t.Parallel()
	o, now, rate := &own{}, time.Unix(0, 0), Rate{Burst: 1, Window: time.Minute}
	for i := range 3 * mostOwn {
		if wait := o.take(fmt.Sprint(i), rate, now); wait != 0 {
			t.Fatalf("key %d has to wait", i)
		}
	}
	if n := len(o.recent) + len(o.old); n > 2*mostOwn {
		t.Errorf("%d keys are kept", n)
	}
	if o.take(fmt.Sprint(3*mostOwn-1), rate, now) == 0 {
		t.Error("what was counted last is forgotten")
	}
}
