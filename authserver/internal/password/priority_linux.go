// SPDX-License-Identifier: Apache-2.0

package password

import (
	"runtime"
	"time"

	"golang.org/x/sys/unix"
)

const (
	// niceness lets any other thread of the process go first, and leaves hashing a
	// tenth of a core that others would use up.
	niceness = 10
	// slice is the most that the scheduler takes: a thread that wakes up and asks
	// for less, as all others do, need not wait until a worker's is used up.
	slice = 100 * time.Millisecond
	// moment is as short as may be: a timer that rings sooner rings before the
	// thread has left its core, and then the thread does not leave it at all.
	moment = 20 * time.Microsecond
)

// yieldToOthers lowers the priority of the calling goroutine for good, by that of
// its thread (sched(7), sched_setattr(2)): it gets less of a core that others want,
// and as a batch thread it does not take the core from those it has let in, when it
// wakes up again before they are done. Kernels before 6.12 know no slice of one
// thread's own and ignore it. Where a sandbox forbids a call, hashing goes on as
// before, and others wait for it a little longer.
func yieldToOthers() {
	runtime.LockOSThread()
	_ = unix.SchedSetAttr(0, &unix.SchedAttr{
		Size: unix.SizeofSchedAttr, Policy: unix.SCHED_BATCH, Nice: niceness, Runtime: uint64(slice),
	}, 0)
	// Or else a sleep lasts 50 microseconds longer than asked for.
	_ = unix.Prctl(unix.PR_SET_TIMERSLACK, 1, 0, 0, 0)
}

// letOthersIn leaves the core for a moment. A priority is one among the threads of
// a process or a pod; between those of several, such as this server and its
// database on one node, the kernel divides time fairly, but may let one of them
// wait for tens of milliseconds while a thread that never sleeps goes on.
func letOthersIn() {
	pause := unix.NsecToTimespec(int64(moment))
	_ = unix.Nanosleep(&pause, nil) // a signal may cut it short
}
