// SPDX-License-Identifier: Apache-2.0

package cluster

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"
)

// recordPath is where the machine remembers its one local cluster. It lies
// outside the checkout, so that a second checkout sees it and so that it
// outlives a deleted state folder; and in /run, which a reboot empties
// together with everything that the record describes.
const recordPath = "/run/realmkeeper-localkube.json"

// record is what down needs to know. It is written before the thing that it
// describes is made.
type record struct {
	Root      string            `json:"root"`                // the checkout that owns the cluster
	Boot      string            `json:"boot"`                // identifies the run of the kernel
	PID       int               `json:"pid,omitempty"`       // the node's first process, 0 before it exists
	StartTime string            `json:"startTime,omitempty"` // of that process: guards against reused pids
	Kernel    map[string]string `json:"kernel"`              // settings below /proc/sys before up changed them
}

// readRecord returns nil when the machine has no local cluster. A record from
// before the last reboot describes nothing that still exists.
func readRecord() (*record, error) {
	content, err := os.ReadFile(recordPath)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read cluster record: %w", err)
	}
	var r record
	if err := json.Unmarshal(content, &r); err != nil {
		return nil, fmt.Errorf("decode cluster record %s: %w", recordPath, err)
	}
	boot, err := bootID()
	if err != nil {
		return nil, err
	}
	if r.Boot != boot {
		return nil, nil
	}
	return &r, nil
}

func (r *record) write() error {
	content, err := json.MarshalIndent(r, "", "  ")
	if err != nil {
		return fmt.Errorf("encode cluster record: %w", err)
	}
	if err := os.WriteFile(recordPath+".new", content, 0o644); err != nil {
		return fmt.Errorf("write cluster record: %w", err)
	}
	if err := os.Rename(recordPath+".new", recordPath); err != nil {
		return fmt.Errorf("replace cluster record: %w", err)
	}
	return nil
}

// alive tells whether the node's first process still runs.
func (r *record) alive() bool {
	if r == nil || r.PID == 0 {
		return false
	}
	started, err := startTime(r.PID)
	return err == nil && started == r.StartTime
}

// startTime returns when a process started, in clock ticks since boot. A
// zombie counts as gone.
func startTime(pid int) (string, error) {
	content, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return "", fmt.Errorf("read process status: %w", err)
	}
	return parseStartTime(string(content))
}

// parseStartTime reads field 22 of proc(5) stat. The second field is the
// program's name in parentheses and may itself contain spaces and parentheses.
func parseStartTime(stat string) (string, error) {
	_, rest, found := strings.Cut(stat[strings.LastIndexByte(stat, ')')+1:], " ")
	fields := strings.Fields(rest)
	if !found || len(fields) < 20 {
		return "", errors.New("unknown format of /proc/<pid>/stat")
	}
	if fields[0] == "Z" || fields[0] == "X" {
		return "", errors.New("the process has ended")
	}
	return fields[19], nil
}

func bootID() (string, error) {
	content, err := os.ReadFile("/proc/sys/kernel/random/boot_id")
	if err != nil {
		return "", fmt.Errorf("identify this boot: %w", err)
	}
	return strings.TrimSpace(string(content)), nil
}
