// SPDX-License-Identifier: Apache-2.0

package backchannel

import (
	"bytes"
	"slices"
	"testing"
	"time"
)

func TestASilentClientIsTriedEverMoreRarely(t *testing.T) {
	t.Parallel()
	p, now := newPatience(bytes.NewReader(make([]byte, 100))), time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	expect := func(wantSpared, wantProven []string) {
		t.Helper()
		if spared, proven := p.clients(now); !slices.Equal(spared, wantSpared) || !slices.Equal(proven, wantProven) {
			t.Fatalf("spared are %v, proven %v", spared, proven)
		}
	}
	silent, last := []string{"a.a"}, time.Duration(0)
	for i := range 20 {
		pause := p.note("a.a", false, now)
		if pause < last || pause > longestRetry || i == 0 && pause > firstRetry {
			t.Fatalf("after %d failures it is left alone for %s, before for %s", i+1, pause, last)
		}
		last = pause
		expect(silent, nil)
		now = now.Add(pause)
		expect(nil, nil) // it is tried, once
	}
	if last != longestRetry {
		t.Errorf("it is left alone for %s at most", last)
	}
	p.note("a.a", true, now)
	expect(nil, silent)
	if pause := p.note("a.a", false, now); pause > firstRetry {
		t.Errorf("one that has answered is left alone for %s", pause)
	}
	now = now.Add(2 * giveUpAfter)
	expect(nil, nil)
	if len(p.known) != 0 {
		t.Error("one that nothing waits for is remembered")
	}
}
