// SPDX-License-Identifier: Apache-2.0

package cluster

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"time"

	"golang.org/x/sys/unix"
)

const (
	endTimeout = 30 * time.Second
	// settleTimeout is for what the kernel cleans up in the background after
	// the last process of the node has ended.
	settleTimeout = 10 * time.Second
)

// Down ends the cluster of this checkout and removes everything that starting
// it made. It may be called at any time and any number of times.
func (k *Cluster) Down(ctx context.Context) error {
	running, err := readRecord()
	if err != nil {
		return err
	}
	if running != nil && running.Root != k.root {
		if running.alive() {
			return fmt.Errorf("the local cluster that runs belongs to another checkout: make -C %s down", running.Root)
		}
		running = nil
	}
	if _, err := os.Stat(k.State()); running == nil && errors.Is(err, fs.ErrNotExist) {
		k.c.Say("There is no local cluster")
		return nil
	}
	if os.Geteuid() != 0 {
		return errors.New("only root can remove a local cluster")
	}
	exclusive, err := onlyOne()
	if err != nil {
		return err
	}
	defer func() { _ = exclusive.Close() }()
	if running != nil {
		if err := removeFromMachine(ctx, running); err != nil {
			return err
		}
	}
	if err := retry(ctx, func() error { return os.RemoveAll(k.State()) }); err != nil {
		return fmt.Errorf("delete state folder: %w", err)
	}
	k.c.Say("The local cluster is gone")
	return nil
}

// removeFromMachine undoes everything outside the state folder.
func removeFromMachine(ctx context.Context, r *record) error {
	if r.alive() {
		if err := endProcess(r); err != nil {
			return err
		}
	}
	if err := errors.Join(
		retry(ctx, removeControlGroups),
		removeNetwork(),
		retry(ctx, removePodLinks),
		restoreKernelSettings(r.Kernel),
	); err != nil {
		return err
	}
	if err := os.Remove(recordPath); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("remove cluster record: %w", err)
	}
	return nil
}

// endProcess kills the node's first process. The kernel then kills every
// process of the node, and reports the end of the first when all are gone. The
// handle, unlike the pid, cannot come to mean another process meanwhile.
func endProcess(r *record) error {
	handle, err := unix.PidfdOpen(r.PID, 0)
	if err != nil {
		return fmt.Errorf("open the node's process: %w", err)
	}
	defer func() { _ = unix.Close(handle) }()
	if !r.alive() {
		return nil
	}
	if err := unix.PidfdSendSignal(handle, unix.SIGKILL, nil, 0); err != nil {
		return fmt.Errorf("end the node's process: %w", err)
	}
	deadline := time.Now().Add(endTimeout)
	for {
		ready, err := unix.Poll([]unix.PollFd{{Fd: int32(handle), Events: unix.POLLIN}}, int(time.Until(deadline).Milliseconds())) //nolint:gosec // descriptors are small
		switch {
		case errors.Is(err, unix.EINTR):
		case err != nil:
			return fmt.Errorf("wait for the node's processes: %w", err)
		case ready > 0:
			return nil
		default:
			return fmt.Errorf("processes of the node did not end within %s; see ps -ef --forest", endTimeout)
		}
	}
}

// retry calls do until it succeeds or settleTimeout has passed.
func retry(ctx context.Context, do func() error) error {
	ctx, cancel := context.WithTimeout(ctx, settleTimeout)
	defer cancel()
	for {
		err := do()
		if err == nil || sleep(ctx, pollInterval) != nil {
			return err
		}
	}
}
