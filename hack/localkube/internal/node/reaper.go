// SPDX-License-Identifier: Apache-2.0

package node

import (
	"context"
	"os"
	"os/signal"
	"sync"
	"syscall"
)

// reaper collects the exit status of every child. The first process of a
// process namespace inherits all orphans, so it cannot leave waiting to
// os/exec, which only knows the processes it started itself.
type reaper struct {
	mu      sync.Mutex
	waiting map[int]chan syscall.WaitStatus
}

// start begins a program; the channel delivers how it ended.
func (r *reaper) start(args []string, attributes *syscall.ProcAttr) (<-chan syscall.WaitStatus, error) {
	r.mu.Lock() // held until registered, so that run cannot miss a quick death
	defer r.mu.Unlock()
	pid, err := syscall.ForkExec(args[0], args, attributes)
	if err != nil {
		return nil, err
	}
	ended := make(chan syscall.WaitStatus, 1)
	r.waiting[pid] = ended
	return ended, nil
}

// run collects until ctx ends.
func (r *reaper) run(ctx context.Context) {
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, syscall.SIGCHLD)
	defer signal.Stop(signals)
	for {
		r.collect()
		select {
		case <-ctx.Done():
			return
		case <-signals:
		}
	}
}

func (r *reaper) collect() {
	r.mu.Lock()
	defer r.mu.Unlock()
	for {
		var status syscall.WaitStatus
		pid, err := syscall.Wait4(-1, &status, syscall.WNOHANG, nil)
		if err == syscall.EINTR {
			continue
		}
		if pid <= 0 {
			return
		}
		if ended, ours := r.waiting[pid]; ours {
			ended <- status
			delete(r.waiting, pid)
		}
	}
}
