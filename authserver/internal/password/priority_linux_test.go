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
		nice  int32
		slack int // nanoseconds
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
		return manners{attr.Nice, slack}
	}
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	before := own()
	worker := make(chan manners)
	go func() {
		yieldToOthers()
		worker <- own()
	}()
	if got, want := <-worker, (manners{niceness, 1}); got != want {
		t.Errorf("a worker's thread has %+v, want %+v", got, want)
	}
	if got := own(); got != before {
		t.Errorf("the thread of somebody else had %+v, and now %+v", before, got)
	}
}
