// SPDX-License-Identifier: Apache-2.0

package password

import (
	"runtime"
	"time"

	"golang.org/x/sys/unix"
)

const (
	// niceness lets any other thread go first, and leaves hashing a tenth of a
	// core that others would use up.
	niceness = 10
	// slice is how long a worker that runs may keep a core from a thread that
	// wakes up; the scheduler's own is some milliseconds.
	slice = 100 * time.Microsecond
)

// yieldToOthers lowers the priority of the calling goroutine for good, by that of
// its thread (sched(7), sched_setattr(2)). Kernels before 6.12 know no slice of
// one thread's own and ignore it. Where a sandbox forbids the call, hashing goes
// on as before, and others wait for it a little longer.
func yieldToOthers() {
	runtime.LockOSThread()
	_ = unix.SchedSetAttr(0, &unix.SchedAttr{
		Size: unix.SizeofSchedAttr, Policy: unix.SCHED_NORMAL, Nice: niceness, Runtime: uint64(slice),
	}, 0)
}
