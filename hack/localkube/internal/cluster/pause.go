// SPDX-License-Identifier: Apache-2.0

package cluster

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
)

// Pause stops a component of the machine's cluster in its tracks, which is what
// a node that hangs looks like to everybody else.
func Pause(component string) error { return signal(component, syscall.SIGSTOP) }

// Resume undoes Pause.
func Resume(component string) error { return signal(component, syscall.SIGCONT) }

func signal(component string, s syscall.Signal) error {
	running, err := readRecord()
	if err != nil {
		return err
	}
	if !running.alive() {
		return fmt.Errorf("signal %s: the node does not run", component)
	}
	pid, err := childOf(running.PID, component)
	if err != nil {
		return err
	}
	if err := syscall.Kill(pid, s); err != nil {
		return fmt.Errorf("signal %s: %w", component, err)
	}
	return nil
}

// childOf finds the process that the node's first process has started as program.
func childOf(parent int, program string) (int, error) {
	// Each thread has a list of its own.
	lists, err := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/children", parent))
	if err != nil {
		return 0, fmt.Errorf("list the node's processes: %w", err)
	}
	for _, list := range lists {
		children, err := os.ReadFile(list)
		if err != nil {
			continue // the thread has ended meanwhile
		}
		for _, child := range strings.Fields(string(children)) {
			command, err := os.ReadFile(filepath.Join("/proc", child, "cmdline"))
			if err != nil {
				continue // and so has the process
			}
			name, _, _ := bytes.Cut(command, []byte{0})
			if filepath.Base(string(name)) == program {
				return strconv.Atoi(child)
			}
		}
	}
	return 0, fmt.Errorf("the node runs no %s", program)
}
