// SPDX-License-Identifier: Apache-2.0

package testenv

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/realmkeeper/realmkeeper/internal/testenv/eventually"
)

// Node is a folder of one test with the programs of hack/peers-js and the npm
// packages they need.
type Node struct {
	t      testing.TB
	folder string
}

// NewNode installs what is missing.
func NewNode(t testing.TB) *Node {
	t.Helper()
	installed, err := built(t.Context(), "peers-js.sh")
	if err != nil {
		t.Fatal(err)
	}
	n := &Node{t, t.TempDir()}
	entries, err := os.ReadDir(installed)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		from, to := filepath.Join(installed, e.Name()), filepath.Join(n.folder, e.Name())
		if e.IsDir() {
			err = os.Symlink(from, to)
		} else {
			err = copyProgram(from, to) // a link would be resolved, and find no files of this folder
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	return n
}

// Run runs a program of the folder, or of a package in it, and returns what it
// printed. What a test must keep secret goes in by stdin or the environment,
// which adds to ours.
func (n *Node) Run(stdin string, environment []string, program string, args ...string) (string, error) {
	n.t.Helper()
	cmd := exec.CommandContext(n.t.Context(), "node", append([]string{program}, args...)...)
	cmd.Dir, cmd.Stdin, cmd.Env = n.folder, strings.NewReader(stdin), append(os.Environ(), environment...)
	complaints := &strings.Builder{}
	cmd.Stderr = complaints
	out, err := cmd.Output()
	if err != nil {
		err = fmt.Errorf("%s: %w\n%s%s", program, err, out, complaints)
	}
	return string(out), err
}

// Serve runs a program of the folder until the test ends, once it answers. The program
// reads a line from its standard input and ends when that does, which it does with a test
// that is killed, too.
func (n *Node) Serve(program, line string, answers func(context.Context) error) {
	n.t.Helper()
	cmd, complaints := exec.Command("node", program), &strings.Builder{}
	cmd.Dir, cmd.Stderr = n.folder, complaints
	stdin, err := cmd.StdinPipe()
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		n.t.Fatalf("%s: %v", program, err)
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	n.t.Cleanup(func() {
		_ = stdin.Close()
		if err := <-ended; err != nil {
			n.t.Errorf("%s ended with %v\n%s", program, err, complaints)
		}
	})
	if _, err := fmt.Fprintln(stdin, line); err != nil {
		n.t.Fatalf("%s: %v", program, err)
	}
	eventually.Succeeds(n.t, func(ctx context.Context) error {
		select {
		case err := <-ended:
			ended <- err
			n.t.Fatalf("%s ended at its start: %v", program, err)
		default:
		}
		return answers(ctx)
	})
}

// Write puts a file into the folder.
func (n *Node) Write(name, content string) {
	n.t.Helper()
	path := filepath.Join(n.folder, name)
	if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o755), os.WriteFile(path, []byte(content), 0o600)); err != nil {
		n.t.Fatal(err)
	}
}

// NodeFile is a file of the npm packages.
func NodeFile(ctx context.Context, name string) (string, error) {
	installed, err := built(ctx, "peers-js.sh")
	if err != nil {
		return "", err
	}
	content, err := os.ReadFile(filepath.Join(installed, name))
	if err != nil {
		return "", fmt.Errorf("read npm package: %w", err)
	}
	return string(content), nil
}
