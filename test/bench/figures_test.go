// SPDX-License-Identifier: Apache-2.0

//go:build bench

package bench

import (
	"fmt"
	"math"
	"slices"
	"sync"
	"time"
)

// figures are what one run of a load has shown.
type figures struct {
	name string
	// offered is how many requests were planned for a second; zero when clients
	// asked again as soon as they were answered.
	offered float64
	span    time.Duration
	// cpu is the server's share of the processors' time, memory its resident
	// set at the end, in bytes.
	cpu    time.Duration
	memory int
	// shared is set when the server did other work meanwhile.
	shared bool
	// toReference is the throughput as a multiple of golang.org/x/crypto's on
	// the same cores; zero where nothing was hashed.
	toReference float64

	mu       sync.Mutex
	took     []time.Duration // of requests that were answered as wanted, in order at the end
	refused  int
	failures map[string]int
}

// add counts one request.
func (f *figures) add(took time.Duration, status int, err error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	switch {
	case err != nil:
		f.fail(err.Error())
	case status == 503 || status == 429:
		f.refused++
	case status >= 400:
		f.fail(fmt.Sprint("answered ", status))
	default:
		f.took = append(f.took, took)
	}
}

func (f *figures) fail(reason string) {
	if f.failures == nil {
		f.failures = map[string]int{}
	}
	f.failures[reason]++
}

// perSecond is the throughput of requests that were answered as wanted.
func (f *figures) perSecond() float64 { return float64(len(f.took)) / f.span.Seconds() }

// percentile is of all answered requests: none is estimated. The share is 0 to 1.
func (f *figures) percentile(share float64) time.Duration {
	if len(f.took) == 0 {
		return 0
	}
	return f.took[max(0, int(math.Ceil(share*float64(len(f.took))))-1)]
}

// cpuEach is the server's work for one request, refused ones included; zero when
// it cannot be told from other work.
func (f *figures) cpuEach() time.Duration {
	n := len(f.took) + f.refused
	if n == 0 || f.shared {
		return 0
	}
	return f.cpu / time.Duration(n)
}

func (f *figures) finish() { slices.Sort(f.took) }
