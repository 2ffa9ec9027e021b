// SPDX-License-Identifier: Apache-2.0

package password

import (
	"testing"

	"golang.org/x/sys/unix"
)

func TestAWorkerYieldsAndNobodyElse(t *testing.T) {
	t.Parallel()
	niceOf := func() int32 {
		attr, err := unix.SchedGetAttr(0, 0)
		if err != nil {
			t.Error(err)
			return 0
		}
		return attr.Nice
	}
	before := niceOf()
	worker := make(chan int32)
	go func() {
		yieldToOthers()
		worker <- niceOf()
	}()
	if got := <-worker; got != niceness {
		t.Errorf("a worker's thread is as nice as %d", got)
	}
	if got := niceOf(); got != before {
		t.Errorf("the thread of somebody else has become as nice as %d", got)
	}
}
