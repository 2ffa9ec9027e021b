// SPDX-License-Identifier: Apache-2.0

package postgres_test

import (
	"os/exec"
	"path/filepath"
	"testing"
	"time"
)

// A dump is restored as docs/stores.md says, over a database whose partitions are others
// by now.
func TestADumpIsRestoredOverWhatIsThere(t *testing.T) {
	t.Parallel()
	s, url := newStoreAt(t)
	login(t, s, 1, start)
	extend(t, s, start, week)
	record(t, s, start, start.Add(10*day))
	dump := filepath.Join(t.TempDir(), "dump")
	run := func(program string, args ...string) {
		if out, err := exec.CommandContext(t.Context(), program, args...).CombinedOutput(); err != nil {
			t.Fatalf("%s: %v\n%s", program, err, out)
		}
	}
	run("pg_dump", "-Fc", "--file", dump, url)
	before := rooms(t, url)

	login(t, s, 2, start)
	extend(t, s, start.Add(30*day), week)
	record(t, s, start.Add(30*day))
	run("pg_restore", "--clean", "--if-exists", "--single-transaction", "--dbname", url, dump)
	if n := count(t, url, "sessions"); n != 1 {
		t.Errorf("there are %d sessions", n)
	}
	after := rooms(t, url)
	if len(after) != len(before) {
		t.Errorf("the partitions are %+v, and were %+v", after, before)
	}
	if times := trail(t, s); len(times) != 2 {
		t.Errorf("the trail has events at %v", times)
	}
	extend(t, s, start.Add(30*day), week)
	record(t, s, start.Add(30*day+time.Hour))
}
