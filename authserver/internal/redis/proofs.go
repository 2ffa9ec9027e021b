// SPDX-License-Identifier: Apache-2.0

package redis

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"time"
)

// FirstProof implements dpop.Seen.
func (c *Cache) FirstProof(ctx context.Context, proof [sha256.Size]byte, ttl time.Duration) (first, known bool) {
	c.try(ctx, func(ctx context.Context) (err error) {
		first, err = c.redis().SetNX(ctx, c.prefix+"proof:"+hex.EncodeToString(proof[:]), "", ttl).Result()
		known = err == nil
		return err
	})
	return first, known
}
