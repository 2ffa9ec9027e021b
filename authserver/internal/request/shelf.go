// SPDX-License-Identifier: Apache-2.0

package request

import (
	"context"
	"time"
)

// Shelf keeps journeys for a while that are too long for a cookie. Others may be able to
// write there, and it may forget.
type Shelf interface {
	// KeepJourney keeps a sealed journey under a name, and reports whether it is kept: the
	// shelf is bounded.
	KeepJourney(ctx context.Context, name string, sealed []byte, ttl time.Duration) bool
	// Journey is what KeepJourney has kept; false for nothing.
	Journey(ctx context.Context, name string) ([]byte, bool)
}
