// SPDX-License-Identifier: Apache-2.0

package process

import (
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"testing"
	"time"
)

// Machine is what a report of measurements says of where and when they were made,
// in lines of a list.
func Machine(t testing.TB) []string {
	t.Helper()
	load, _, _ := strings.Cut(content(t, "/proc/loadavg"), " ")
	return []string{
		"- Date: " + time.Now().UTC().Format(time.DateOnly),
		"- Commit: " + said(t, "git", "describe", "--always", "--dirty", "--abbrev=12"),
		fmt.Sprintf("- Processor: %d × %s", runtime.NumCPU(), field(t, "/proc/cpuinfo", "model name")),
		"- Memory: " + field(t, "/proc/meminfo", "MemTotal"),
		"- System: " + said(t, "uname", "-sr"),
		"- Go: " + runtime.Version(),
		"- Load before: " + load + " (anything above 0.5 was not ours, and spoils the figures)",
	}
}

func said(t testing.TB, name string, args ...string) string {
	t.Helper()
	out, err := exec.CommandContext(t.Context(), name, args...).Output()
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	return strings.TrimSpace(string(out))
}

func content(t testing.TB, path string) string {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// field is the first value of a name in a file of lines "name: value".
func field(t testing.TB, path, name string) string {
	t.Helper()
	for line := range strings.Lines(content(t, path)) {
		if key, value, found := strings.Cut(line, ":"); found && strings.TrimSpace(key) == name {
			return strings.Join(strings.Fields(value), " ")
		}
	}
	return "unknown"
}
