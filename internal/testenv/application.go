// SPDX-License-Identifier: Apache-2.0

package testenv

import (
	"maps"
	"os"
	"path/filepath"
	"slices"
	"testing"
)

// ServePython runs a program of hack/peers-py, the first of Argv, with Debian's Python:
// see StartProgram.
func ServePython(t testing.TB, p Program) {
	t.Helper()
	path, err := inHack(filepath.Join("peers-py", p.Argv[0]))
	if err != nil {
		t.Fatal(err)
	}
	source, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	files := map[string]string{p.Argv[0]: string(source)}
	maps.Copy(files, p.Files)
	p.Argv, p.Files = slices.Concat([]string{"python3"}, p.Argv), files
	StartProgram(t, p)
}

// ServeGo runs a program that a script in hack has built, the first of Argv: see
// StartProgram.
func ServeGo(t testing.TB, script string, p Program) {
	t.Helper()
	programs, err := built(t.Context(), script)
	if err != nil {
		t.Fatal(err)
	}
	p.Argv = slices.Concat([]string{filepath.Join(programs, p.Argv[0])}, p.Argv[1:])
	StartProgram(t, p)
}
