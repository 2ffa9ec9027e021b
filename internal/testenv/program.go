// SPDX-License-Identifier: Apache-2.0

package testenv

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// Program is a server that other people wrote, or that is made with a library of
// theirs.
type Program struct {
	// Argv begins with the name of a program of Debian's or one in PATH, or with the
	// path of one that is copied into its folder: others may not be able to enter where
	// it is.
	Argv []string
	// Files are what its working folder has, which is the program's own.
	Files map[string]string
	// Environment adds to that of the test, as NAME=value.
	Environment []string
	// Address is where it listens once it has started.
	Address string

	// user is the caller where it is nil.
	user *syscall.Credential
}

// StartProgram runs a server as an unprivileged user, and returns when it listens.
// It ends with the test, which shows its log when it has failed.
func StartProgram(t testing.TB, p Program) {
	t.Helper()
	user, err := unprivileged()
	if err != nil {
		t.Fatal(err)
	}
	p.user = user
	p.start(t)
}

func (p Program) start(t testing.TB) {
	t.Helper()
	name := filepath.Base(p.Argv[0])
	folder, err := newFolder(name)
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(folder, name)
	if filepath.IsAbs(p.Argv[0]) {
		err = copyProgram(p.Argv[0], path)
	} else {
		path, err = program(name, "/usr/bin", "/usr/sbin")
	}
	for file, content := range p.Files {
		err = errors.Join(err, os.WriteFile(filepath.Join(folder, file), []byte(content), 0o644)) // another user reads it
	}
	if err != nil {
		t.Fatal(errors.Join(err, os.RemoveAll(folder)))
	}
	daemon, err := startDaemonAs(p.user, p.Environment, folder, "TERM", append([]string{path}, p.Argv[1:]...)...)
	if err != nil {
		t.Fatal(errors.Join(err, os.RemoveAll(folder)))
	}
	t.Cleanup(func() {
		if log, err := os.ReadFile(daemon.log); err == nil && t.Failed() {
			t.Logf("%s has logged\n%s", name, strings.TrimSpace(string(log)))
		}
		if err := daemon.stop(); err != nil {
			t.Errorf("stop %s: %v", name, err)
		}
	})
	listens := func(ctx context.Context) error {
		conn, err := (&net.Dialer{}).DialContext(ctx, "tcp", p.Address)
		if err != nil {
			return fmt.Errorf("connect: %w", err)
		}
		return conn.Close()
	}
	if err := daemon.await(t.Context(), listens); err != nil {
		t.Fatal(err)
	}
}
