// SPDX-License-Identifier: Apache-2.0

//go:build full

package architecture

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// The same sources make the same bytes, wherever they lie: a build can be
// checked by whoever repeats it. And what the Dockerfile copies is enough.
func TestBuildIsReproducible(t *testing.T) {
	t.Parallel()
	elsewhere := t.TempDir()
	dockerfile, err := os.ReadFile(filepath.Join(checkout, "Dockerfile"))
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(dockerfile)) {
		words := strings.Fields(line)
		if len(words) < 3 || words[0] != "COPY" || strings.HasPrefix(words[1], "--from") {
			continue
		}
		cp := exec.CommandContext(t.Context(), "cp", append(append([]string{"-r"}, words[1:len(words)-1]...), filepath.Join(elsewhere, words[len(words)-1]))...)
		cp.Dir = checkout
		if out, err := cp.CombinedOutput(); err != nil {
			t.Fatalf("%s: %v\n%s", line, err, out)
		}
	}
	here, there := build(t, checkout), build(t, elsewhere)
	for name := range here {
		if !bytes.Equal(here[name], there[name]) {
			t.Errorf("%s differs when it is built elsewhere", name)
		}
	}
}

// build makes both programs as the Dockerfile does, which has the flags of all
// other builds: what they have compiled is not compiled again.
func build(t *testing.T, folder string) map[string][]byte {
	t.Helper()
	into := t.TempDir()
	cmd := exec.CommandContext(t.Context(), "go", "build", "-trimpath", "-buildvcs=false", "-gcflags=all=-dwarf=false",
		"-ldflags", "-s -w -X main.version=1", "-o", into+"/", "./cmd/operator", "./cmd/authserver")
	cmd.Dir, cmd.Env = folder, append(os.Environ(), "CGO_ENABLED=0", "GOFLAGS=")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("build in %s: %v\n%s", folder, err, out)
	}
	programs := map[string][]byte{}
	for _, name := range []string{"operator", "authserver"} {
		program, err := os.ReadFile(filepath.Join(into, name))
		if err != nil {
			t.Fatal(err)
		}
		programs[name] = program
	}
	return programs
}
