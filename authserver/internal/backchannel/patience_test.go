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
	last := time.Duration(0)
	for i := range 20 {
		pause := p.note("a.a", false, now)
		if pause < last || pause > longestRetry || i == 0 && pause > firstRetry {
			t.Fatalf("after %d failures it is left alone for %s, before for %s", i+1, pause, last)
		}
		last = pause
		if spared, probed := p.clients(now); !slices.Equal(spared, []string{"a.a"}) || probed != nil {
			t.Fatalf("spared are %v, probed %v", spared, probed)
		}
		now = now.Add(pause)
		if spared, probed := p.clients(now); spared != nil || !slices.Equal(probed, []string{"a.a"}) {
			t.Fatalf("spared are %v, probed %v", spared, probed)
		}
	}
	if last != longestRetry {
		t.Errorf("it is left alone for %s at most", last)
	}
	p.note("a.a", true, now)
	if spared, probed := p.clients(now); spared != nil || probed != nil {
		t.Errorf("one that answers is spared %v, or probed %v", spared, probed)
	}
	if pause := p.note("a.a", false, now); pause > firstRetry {
		t.Errorf("one that has answered is left alone for %s", pause)
	}
	p.clients(now.Add(2 * giveUpAfter))
	if len(p.silent) != 0 {
		t.Error("one that nothing waits for is remembered")
	}
}
