// SPDX-License-Identifier: Apache-2.0

//go:build scale

package scale

import (
	"context"
	"time"
)

// span is what an operator did while something else was done.
type span struct {
	sample
	took time.Duration
	// busiest is the most requests within a second.
	busiest int
}

// watch looks at the operator every second while do runs.
func (o *operator) watch(do func()) span {
	o.t.Helper()
	first := o.sample()
	s := span{}
	ctx, cancel := context.WithCancel(o.t.Context())
	watched := make(chan struct{})
	go func() {
		defer close(watched)
		last := first
		for every := time.NewTicker(time.Second); ; {
			select {
			case <-ctx.Done():
				every.Stop()
				return
			case <-every.C:
				now := o.sample()
				if apart := now.at.Sub(last.at); apart > 0 && last.requests() > 0 {
					s.busiest = max(s.busiest, int(float64(now.requests()-last.requests())*float64(time.Second)/float64(apart)))
				}
				last = now
			}
		}
	}()
	do()
	cancel()
	<-watched
	last := o.sample()
	s.sample, s.took = last.since(first), last.at.Sub(first.at)
	return s
}

// rest waits until the operator has asked the API server nothing for a while but
// to keep its watches alive.
func (o *operator) rest() {
	o.t.Helper()
	const keepsAlive = 5
	for {
		before := o.sample()
		pause(calm)
		if o.sample().requests()-before.requests() <= keepsAlive {
			return
		}
	}
}

// await waits until the operator has made n passes since it started.
func (o *operator) await(n int) {
	o.t.Helper()
	for o.sample().passes < n {
		pause(100 * time.Millisecond)
	}
}

// pause lets real time go by, which is what is measured.
func pause(d time.Duration) { <-time.After(d) }
