// SPDX-License-Identifier: Apache-2.0

package testenv_test

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/realmkeeper/realmkeeper/internal/testenv"
)

// victimVariable makes TestVictim start servers and wait to be killed.
const victimVariable = "REALMKEEPER_TEST_VICTIM"

func TestVictim(t *testing.T) {
	if os.Getenv(victimVariable) == "" {
		return
	}
	r := testenv.StartRedis(t)
	if _, err := testenv.StartPostgres(t.Context()); err != nil {
		t.Fatal(err)
	}
	fmt.Println("started", r.URL())
	_, _ = io.Copy(io.Discard, os.Stdin)
}

func TestKilledTestLeavesNothingBehind(t *testing.T) {
	t.Parallel()
	temporary := t.TempDir() // opened up below: the servers run as another user
	if err := errors.Join(os.Chmod(temporary, 0o777), os.Chmod(filepath.Dir(temporary), 0o755)); err != nil {
		t.Fatal(err)
	}
	victim := exec.Command(os.Args[0], "-test.run=^TestVictim$")
	victim.Env = append(os.Environ(), victimVariable+"=1", "TMPDIR="+temporary)
	stdout, err := victim.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	stdin, err := victim.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = stdin.Close() }()
	if err := victim.Start(); err != nil {
		t.Fatal(err)
	}
	line, err := bufio.NewReader(stdout).ReadString('\n')
	if err != nil {
		t.Fatalf("the victim did not start its servers: %v", err)
	}
	_, address, _ := strings.Cut(strings.TrimSpace(line), " ")
	u, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	if folders(t, temporary) != 2 {
		t.Fatalf("%d folders while it runs, want 2", folders(t, temporary))
	}
	if err := victim.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = victim.Wait()

	deadline := time.After(20 * time.Second)
	poll := time.NewTicker(10 * time.Millisecond)
	defer poll.Stop()
	for folders(t, temporary) > 0 {
		select {
		case <-deadline:
			t.Fatalf("%d folders are left", folders(t, temporary))
		case <-poll.C:
		}
	}
	if conn, err := net.Dial("tcp", u.Host); err == nil {
		_ = conn.Close()
		t.Error("a server is left")
	}
}

func folders(t *testing.T, dir string) int {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		t.Fatal(err)
	}
	return len(entries)
}
