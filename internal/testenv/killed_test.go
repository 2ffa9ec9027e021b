// SPDX-License-Identifier: Apache-2.0

package testenv_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/realmkeeper/realmkeeper/internal/testenv"
	"github.com/realmkeeper/realmkeeper/internal/testenv/apiserver"
	"github.com/realmkeeper/realmkeeper/internal/testenv/eventually"
)

// victimVariable makes TestVictim start servers and wait to be killed.
const victimVariable = "REALMKEEPER_TEST_VICTIM"

func TestVictim(t *testing.T) {
	if os.Getenv(victimVariable) == "" {
		return
	}
	r := testenv.StartRedis(t)
	postgres, err := testenv.StartPostgres(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	plane, err := apiserver.Start(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	fmt.Println("started", r.URL(), plane.Admin().Host)
	_, _ = io.Copy(io.Discard, os.Stdin)
	runtime.KeepAlive([]any{postgres, plane}) // what is collected lets go of its servers, too
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
	var hosts []string
	for _, address := range strings.Fields(strings.TrimPrefix(line, "started ")) {
		u, err := url.Parse(address)
		if err != nil {
			t.Fatal(err)
		}
		hosts = append(hosts, u.Host)
	}
	if len(hosts) != 2 {
		t.Fatalf("the victim said %q", line)
	}
	if folders(t, temporary) != 3 {
		t.Fatalf("%d folders while it runs, want 3", folders(t, temporary))
	}
	if err := victim.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = victim.Wait()

	eventually.Succeeds(t, func(context.Context) error {
		if n := folders(t, temporary); n > 0 {
			return fmt.Errorf("%d folders are left", n)
		}
		for _, host := range hosts {
			if conn, err := net.Dial("tcp", host); err == nil {
				_ = conn.Close()
				return fmt.Errorf("the server at %s is left", host)
			}
		}
		return nil
	})
}

func folders(t *testing.T, dir string) int {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		t.Fatal(err)
	}
	return len(entries)
}
