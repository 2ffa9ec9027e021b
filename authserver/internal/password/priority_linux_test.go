// SPDX-License-Identifier: Apache-2.0

package password

import (
	"runtime"
	"testing"

	"golang.org/x/sys/unix"
)

func TestAWorkerYieldsAndNobodyElse(t *testing.T) {
	t.Parallel()
	type manners struct {
		policy uint32
		nice   int32
		slack  int // nanoseconds
	}
	own := func() manners {
		attr, err := unix.SchedGetAttr(0, 0)
		if err != nil {
			t.Error(err)
			return manners{}
		}
		slack, err := unix.PrctlRetInt(unix.PR_GET_TIMERSLACK, 0, 0, 0, 0)
		if err != nil {
			t.Error(err)
		}
		return manners{attr.Policy, attr.Nice, slack}
	}
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	before := own()
	worker := make(chan manners)
	go func() {
		yieldToOthers()
		worker <- own()
	}()
	if got, want := <-worker, (manners{unix.SCHED_BATCH, niceness, 1}); got != want {
		t.Errorf("a worker's thread has %+v, want %+v", got, want)
	}
	if got := own(); got != before {
		t.Errorf("the thread of somebody else had %+v, and now %+v", before, got)
	}
}

func TestLettingOthersInLeavesTheCore(t *testing.T) {
	t.Parallel()
	const times = 100
	left := make(chan int64)
	go func() {
		yieldToOthers()
		before := timesLeft(t)
		for range times {
			letOthersIn()
		}
		left <- timesLeft(t) - before
	}()
	if got := <-left; got < times/2 {
		t.Errorf("of %d times, a worker left its core %d times", times, got)
	}
}

// timesLeft is how often the calling thread has left its core by itself.
func timesLeft(t *testing.T) int64 {
	var usage unix.Rusage
	if err := unix.Getrusage(unix.RUSAGE_THREAD, &usage); err != nil {
		t.Error(err)
	}
	return usage.Nvcsw
}
