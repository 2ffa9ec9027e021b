// SPDX-License-Identifier: Apache-2.0

package realmtest

import (
	"sync/atomic"
	"time"
)

// Clock is the true time and what the test has added.
type Clock struct{ ahead atomic.Int64 }

// Now is the time of the realm.
func (c *Clock) Now() time.Time { return time.Now().Add(time.Duration(c.ahead.Load())) }

// Advance puts the clock forward.
func (c *Clock) Advance(d time.Duration) { c.ahead.Add(int64(d)) }
