// SPDX-License-Identifier: Apache-2.0

package testenv

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
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

// Serve runs a program of the folder, the first of Argv, as a server: see StartProgram.
// It runs as the caller, whose packages others may not be able to read.
func (n *Node) Serve(p Program) {
	n.t.Helper()
	p.Argv = slices.Concat([]string{"node", filepath.Join(n.folder, p.Argv[0])}, p.Argv[1:])
	p.start(n.t)
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
