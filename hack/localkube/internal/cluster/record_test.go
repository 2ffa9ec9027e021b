// SPDX-License-Identifier: Apache-2.0

package cluster

import (
	"os"
	"strings"
	"testing"
)

func TestParseStartTime(t *testing.T) {
	t.Parallel()
	tail := " 1 1 1 0 -1 4194560 0 0 0 0 0 0 0 0 20 0 1 0 12345 0 0"
	for name, c := range map[string]struct {
		stat, want string
	}{
		"a plain name":                       {"42 (kubelet) S" + tail, "12345"},
		"a name with spaces and parentheses": {"42 (a) b (c)) S" + tail, "12345"},
		"a process that has ended":           {"42 (kubelet) Z" + tail, ""},
		"a line cut short":                   {"42 (kubelet) S 1 1", ""},
		"nothing":                            {"", ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := parseStartTime(c.stat)
			if got != c.want || (err == nil) != (c.want != "") {
				t.Errorf("got %q and %v, want %q", got, err, c.want)
			}
		})
	}
}

func TestRecordOfAnotherProcessWithTheSamePIDIsNotAlive(t *testing.T) {
	t.Parallel()
	started, err := startTime(os.Getpid())
	if err != nil {
		t.Fatal(err)
	}
	ours := &record{PID: os.Getpid(), StartTime: started}
	reused := &record{PID: os.Getpid(), StartTime: started + "0"}
	var none *record
	if !ours.alive() || reused.alive() || (&record{}).alive() || none.alive() {
		t.Error("only a record with this process's pid and start time is alive")
	}
}

func TestLastLines(t *testing.T) {
	t.Parallel()
	got := lastLines("one\ntwo\nthree\n\n", 2)
	if want := "  | two\n  | three"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	if got := lastLines(strings.Repeat("x\n", 3), 30); strings.Count(got, "\n") != 2 {
		t.Errorf("a short log comes back as %q", got)
	}
}
