// SPDX-License-Identifier: Apache-2.0

//go:build bench

package bench

import (
	"context"
	"io"
	"math/rand/v2"
	"sync"
	"time"

	"github.com/realmkeeper/realmkeeper/internal/testenv/realmfolder"
)

// operation is what one client waits for: the status of the last answer.
type operation func(ctx context.Context) (status int, err error)

// clients ask again and again, each as soon as it was answered.
func (w *world) clients(name string, n int, span time.Duration, op operation) *figures {
	return w.measure(name, 0, func(f *figures) {
		ctx, cancel := context.WithTimeout(context.Background(), span)
		defer cancel()
		var all sync.WaitGroup
		for range n {
			all.Go(func() {
				for ctx.Err() == nil {
					started := time.Now()
					status, err := op(context.Background())
					f.add(time.Since(started), status, err)
				}
			})
		}
		all.Wait()
	})
}

// arrivals come at random times, so many in a second on average.
func (w *world) arrivals(name string, perSecond float64, span time.Duration, op operation) *figures {
	return w.arriving(name, perSecond, atRandom(perSecond, span), op)
}

// evenly is arrivals that keep the same distance from each other.
func (w *world) evenly(name string, perSecond float64, span time.Duration, op operation) *figures {
	return w.arriving(name, perSecond, evenlySpaced(perSecond, span), op)
}

// arriving sends requests when they are due, whether or not earlier ones were
// answered, and counts from when they were due.
func (w *world) arriving(name string, perSecond float64, due []time.Duration, op operation) *figures {
	w.connect()
	return w.measure(name, perSecond, func(f *figures) {
		var all sync.WaitGroup
		started := time.Now()
		for _, after := range due {
			planned := started.Add(after)
			pause(time.Until(planned))
			all.Go(func() {
				status, err := op(context.Background())
				f.add(time.Since(planned), status, err)
			})
		}
		all.Wait()
	})
}

// connect opens all connections, as a gateway that has been running for a while:
// handshakes would be most of the first seconds' work. It takes an answer on each
// before it reads any, because an answer that was read frees its connection.
func (w *world) connect() {
	var answered, all sync.WaitGroup
	answered.Add(connections)
	for range connections {
		all.Go(func() {
			response, err := w.client.Get("https://" + realmfolder.IssuerHost + "/.well-known/jwks.json")
			answered.Done()
			if err != nil {
				w.t.Errorf("connect: %v", err)
				return
			}
			answered.Wait()
			_, _ = io.Copy(io.Discard, response.Body)
			_ = response.Body.Close()
		})
	}
	all.Wait()
}

// evenlySpaced is when requests are due that come at a fixed rate.
func evenlySpaced(perSecond float64, span time.Duration) []time.Duration {
	due := make([]time.Duration, int(perSecond*span.Seconds()))
	for i := range due {
		due[i] = time.Duration(float64(i) / perSecond * float64(time.Second))
	}
	return due
}

// atRandom is when requests are due: a Poisson process, the same one every time.
func atRandom(perSecond float64, span time.Duration) []time.Duration {
	random := rand.New(rand.NewPCG(1, 2))
	due := []time.Duration{}
	for at := 0.0; ; {
		at += random.ExpFloat64() / perSecond
		if at > span.Seconds() {
			return due
		}
		due = append(due, time.Duration(at*float64(time.Second)))
	}
}

// pause waits for a planned time. One that has passed is not waited for.
func pause(d time.Duration) {
	if d <= 0 {
		return
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	<-timer.C
}

// measure runs a load and sees what it costs the server. Throughput is over the
// whole time until the last answer.
func (w *world) measure(name string, offered float64, load func(*figures)) *figures {
	f := &figures{name: name, offered: offered}
	before, started := w.server.CPU(), time.Now()
	load(f)
	f.span, f.cpu, f.memory = time.Since(started), w.server.CPU()-before, w.server.Memory()
	f.finish()
	w.t.Logf("%-40s %8.1f/s  p50 %8.2f ms  p95 %8.2f ms  p99 %8.2f ms  refused %d  failed %v",
		name, f.perSecond(), milliseconds(f.percentile(.5)), milliseconds(f.percentile(.95)),
		milliseconds(f.percentile(.99)), f.refused, f.failures)
	return f
}

func milliseconds(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }
