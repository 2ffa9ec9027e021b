// SPDX-License-Identifier: Apache-2.0

package audit

import (
	"testing"
	"time"
)

func TestPartitionsAreATwelfthOfTheRetentionWide(t *testing.T) {
	t.Parallel()
	const day = 24 * time.Hour
	for retention, want := range map[time.Duration]time.Duration{
		day: day, 23 * day: day, 24 * day: 2 * day, 90 * day: 7 * day, 400 * day: 33 * day, 3650 * day: 304 * day,
	} {
		if got := partitionWidth(retention); got != want {
			t.Errorf("%s: width is %s, want %s", retention, got, want)
		}
	}
}
