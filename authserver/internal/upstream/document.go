// SPDX-License-Identifier: Apache-2.0

package upstream

import (
	"context"
	"sync"
	"time"

	"golang.org/x/sync/singleflight"

	"github.com/realmkeeper/realmkeeper/internal/discovery"
)

// decodeJSON is discovery.Decode with a fault for an error.
func decodeJSON(document []byte, into any) error {
	if err := discovery.Decode(document, into); err != nil {
		return fault(err.Error())
	}
	return nil
}

// cached is a document that is read again now and then. Many callers at once
// wait for one reading.
type cached[T any] struct {
	read func(ctx context.Context) (T, error)
	now  func() time.Time
	// fresh is how long it is taken for good; stale, how long it makes do when
	// it cannot be read.
	fresh, stale time.Duration

	flight           singleflight.Group
	mu               sync.Mutex
	value            T
	readAt, failedAt time.Time
}

// retryPause is how long a document that could not be read is left alone while
// an old one makes do: a provider that is away must not slow every sign-in down.
const retryPause = 10 * time.Second

// get is the document, and when it was read.
func (c *cached[T]) get(ctx context.Context) (T, time.Time, error) {
	value, readAt, failedAt := c.last()
	age := c.now().Sub(readAt)
	if age < c.fresh || age < c.stale && c.now().Sub(failedAt) < retryPause {
		return value, readAt, nil
	}
	again, readAgainAt, err := c.refresh(ctx)
	if err != nil && age < c.stale {
		return value, readAt, nil
	}
	return again, readAgainAt, err
}

// refresh reads it now. It goes on for the others when one caller leaves.
func (c *cached[T]) refresh(ctx context.Context) (T, time.Time, error) {
	done := c.flight.DoChan("", func() (any, error) {
		bounded, cancel := context.WithTimeout(context.WithoutCancel(ctx), patience)
		defer cancel()
		value, err := c.read(bounded)
		c.mu.Lock()
		defer c.mu.Unlock()
		if err != nil {
			c.failedAt = c.now()
			return nil, err
		}
		c.value, c.readAt = value, c.now()
		return nil, nil
	})
	select {
	case <-ctx.Done():
		return *new(T), time.Time{}, ctx.Err()
	case result := <-done:
		value, readAt, _ := c.last()
		return value, readAt, result.Err
	}
}

// failedLately reports whether reading it has failed a moment ago.
func (c *cached[T]) failedLately() bool {
	_, _, failedAt := c.last()
	return c.now().Sub(failedAt) < retryPause
}

// missing reports whether there is not even an old one.
func (c *cached[T]) missing() bool {
	_, readAt, _ := c.last()
	return c.now().Sub(readAt) >= c.stale
}

func (c *cached[T]) last() (value T, readAt, failedAt time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.value, c.readAt, c.failedAt
}
