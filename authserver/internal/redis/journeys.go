// SPDX-License-Identifier: Apache-2.0

package redis

import (
	"context"
	"time"
)

const (
	// mostJourneys may be kept at once, whoever asks, and as many again in the course of an
	// hour: 64 MiB of longestJourney, in bytes, wherever each is kept for an hour.
	mostJourneys   = 4096
	longestJourney = 8 << 10
)

// KeepJourney implements request.Shelf.
func (c *Cache) KeepJourney(ctx context.Context, name string, sealed []byte, ttl time.Duration) (kept bool) {
	if len(sealed) > longestJourney || c.Take(ctx, "journeys", Rate{Burst: mostJourneys, Window: time.Hour}) > 0 {
		return false
	}
	c.try(ctx, func(ctx context.Context) error {
		err := c.redis().Set(ctx, c.journeyKey(name), sealed, ttl).Err()
		kept = err == nil
		return err
	})
	return kept
}

// Journey implements request.Shelf.
func (c *Cache) Journey(ctx context.Context, name string) ([]byte, bool) {
	return c.get(ctx, c.journeyKey(name))
}

func (c *Cache) journeyKey(name string) string { return c.prefix + "journey:" + name }
