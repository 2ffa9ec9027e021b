// SPDX-License-Identifier: Apache-2.0

package redis

import (
	"context"
	"time"
)

// mostJourneys bounds what is kept in an hour, whoever asks: with longestValue, to 64 MiB.
const mostJourneys = 4096

// KeepJourney implements web.Shelf.
func (c *Cache) KeepJourney(ctx context.Context, name string, sealed []byte, ttl time.Duration) (kept bool) {
	if len(sealed) > longestValue || c.Take(ctx, "journeys", Rate{Burst: mostJourneys, Window: time.Hour}) > 0 {
		return false
	}
	c.try(ctx, func(ctx context.Context) error {
		err := c.redis().Set(ctx, c.journeyKey(name), sealed, ttl).Err()
		kept = err == nil
		return err
	})
	return kept
}

// Journey implements web.Shelf.
func (c *Cache) Journey(ctx context.Context, name string) ([]byte, bool) {
	return c.get(ctx, c.journeyKey(name))
}

func (c *Cache) journeyKey(name string) string { return c.prefix + "journey:" + name }
