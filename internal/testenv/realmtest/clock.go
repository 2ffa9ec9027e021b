// SPDX-License-Identifier: Apache-2.0

package realmtest

import (
	"sync/atomic"
	"time"
)

// Clock is the true time, or the one at which it stands still, and what the test has
// added.
type Clock struct {
	ahead atomic.Int64
	still atomic.Pointer[time.Time]
}

// Now is the time of the realm.
func (c *Clock) Now() time.Time {
	now := time.Now()
	if still := c.still.Load(); still != nil {
		now = *still
	}
	return now.Add(time.Duration(c.ahead.Load()))
}

// Stop lets time pass by Advance alone: for limits in seconds, which a machine that is
// busy takes for a few requests. It is a time that PostgreSQL keeps as it is.
func (c *Clock) Stop() {
	now := time.Now().Truncate(time.Microsecond)
	c.still.Store(&now)
}

// Advance puts the clock forward.
func (c *Clock) Advance(d time.Duration) { c.ahead.Add(int64(d)) }
