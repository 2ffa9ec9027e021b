// SPDX-License-Identifier: Apache-2.0

package provider

import (
	"fmt"
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/types"
)

func TestVisitsAreSpreadOverTheHour(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	const providers = 3000
	minutes := map[int]int{}
	for i := range providers {
		uid := types.UID(fmt.Sprintf("6f1c0d9e-0000-4000-8000-%012d", i))
		last, next := askTimes(uid, time.Time{}, now)
		if last.After(now) || !next.After(now) || next.Sub(last) != askInterval {
			t.Fatalf("at %s the last visit is %s and the next %s", now, last, next)
		}
		if again, _ := askTimes(uid, time.Time{}, next); again != next {
			t.Errorf("what was due at %s is not: %s", next, again)
		}
		minutes[int(next.Sub(now)/time.Minute)]++
	}
	for minute := range 60 {
		if n := minutes[minute]; n < providers/60/2 || n > providers/60*2 {
			t.Errorf("%d of %d visits are in minute %d", n, providers, minute)
		}
	}
}

func TestAProviderInTroubleIsVisitedSoonerAndThenSeldom(t *testing.T) {
	t.Parallel()
	begin := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	for i := range 100 {
		uid := types.UID(fmt.Sprint("provider ", i))
		at, gap, times := begin, time.Duration(0), 0
		for at.Before(begin.Add(6 * time.Hour)) {
			last, next := askTimes(uid, begin, at)
			if last.After(at) || !next.After(at) {
				t.Fatalf("at %s the last visit is %s and the next %s", at, last, next)
			}
			if gap = next.Sub(at); at == begin && (gap < 1 || gap > 2*firstRetry) {
				t.Errorf("the first time is after %s", gap)
			}
			if due, _ := askTimes(uid, begin, next); due != next {
				t.Errorf("what was due at %s is not: %s", next, due)
			}
			at, times = next, times+1
		}
		if gap != askInterval || times > 15 {
			t.Errorf("visited %d times, at last every %s", times, gap)
		}
	}
}
