// SPDX-License-Identifier: Apache-2.0

// Package process runs this project's programs as a release has them, for tests
// that measure them from outside.
package process

import (
	"bufio"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/realmkeeper/realmkeeper/internal/testenv"
)

// Build makes the program of a package, such as ./cmd/authserver, in the module
// above the working folder, and returns its path. It has the flags of all builds.
func Build(t testing.TB, program string) string {
	t.Helper()
	module, err := exec.CommandContext(t.Context(), "go", "env", "GOMOD").Output()
	if err != nil {
		t.Fatalf("find the module: %v", err)
	}
	root := filepath.Dir(strings.TrimSpace(string(module)))
	for _, folder := range []string{"api", "authserver", "cmd", "controllers", "internal"} {
		if err := testenv.DependsOn(filepath.Join(root, folder)); err != nil {
			t.Fatal(err)
		}
	}
	binary := filepath.Join(t.TempDir(), filepath.Base(program))
	build := exec.CommandContext(t.Context(), "go", "build", "-ldflags", "-s -w", "-o", binary, program)
	build.Dir = root
	build.Env = append(os.Environ(), "CGO_ENABLED=0", "GOFLAGS=-trimpath -buildvcs=false -gcflags=all=-dwarf=false")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("build %s: %v\n%s", program, err, out)
	}
	return binary
}

// Run runs a command of a program to its end, with in as its input.
func Run(t testing.TB, in, binary string, args ...string) {
	t.Helper()
	command := exec.CommandContext(t.Context(), binary, args...)
	command.Stdin = strings.NewReader(in)
	if out, err := command.CombinedOutput(); err != nil {
		t.Fatalf("%s %s: %v\n%s", filepath.Base(binary), strings.Join(args, " "), err, out)
	}
}

// Process is a program that runs until Stop or the end of the test.
type Process struct {
	t       testing.TB
	command *exec.Cmd
	log     string
}

// Start runs a program with an environment that adds to ours. It ends with the
// test, also with one that is killed.
func Start(t testing.TB, environment []string, binary string, args ...string) *Process {
	t.Helper()
	log, err := os.CreateTemp(t.TempDir(), "log")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = log.Close() }()
	p := &Process{t: t, command: exec.Command(binary, args...), log: log.Name()}
	p.command.Env = append(os.Environ(), environment...)
	p.command.Stderr = log
	p.command.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGTERM}
	if err := p.command.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := p.Stop(); err != nil {
			t.Errorf("%s ended with %v\n%s", filepath.Base(binary), err, p.Said())
		}
	})
	return p
}

// Stop ends the program and returns how it ended; nil when it has been stopped
// before.
func (p *Process) Stop() error {
	if p.command.ProcessState != nil {
		return nil
	}
	return errors.Join(p.command.Process.Signal(syscall.SIGTERM), p.command.Wait())
}

// Said is the end of the program's log.
func (p *Process) Said() string {
	const end = 4 << 10
	text, _ := os.ReadFile(p.log)
	return string(text[max(0, len(text)-end):])
}

// CPU is the time that the processors have worked for the program.
func (p *Process) CPU() time.Duration {
	p.t.Helper()
	const (
		tick         = 10 * time.Millisecond // USER_HZ, the same on every Linux
		user, system = 11, 12                // of the fields behind the name
	)
	_, behind, _ := strings.Cut(p.read("stat"), ") ")
	fields := strings.Fields(behind)
	ticks := 0
	for _, i := range []int{user, system} {
		n, err := strconv.Atoi(fields[i])
		if err != nil {
			p.t.Fatalf("read the processor's time: %v", err)
		}
		ticks += n
	}
	return time.Duration(ticks) * tick
}

// Memory is the program's resident set, in bytes.
func (p *Process) Memory() int { p.t.Helper(); return p.status("VmRSS") }

// Peak is the most that Memory has been.
func (p *Process) Peak() int { p.t.Helper(); return p.status("VmHWM") }

// status is a figure of the process in bytes.
func (p *Process) status(name string) int {
	p.t.Helper()
	for lines := bufio.NewScanner(strings.NewReader(p.read("status"))); lines.Scan(); {
		if value, found := strings.CutPrefix(lines.Text(), name+":"); found {
			kibibytes := 0
			if _, err := fmt.Sscanf(value, "%d kB", &kibibytes); err != nil {
				p.t.Fatalf("read %s: %v", name, err)
			}
			return kibibytes << 10
		}
	}
	p.t.Fatalf("%s is not stated", name)
	return 0
}

// read is a file that the kernel shows of the process.
func (p *Process) read(name string) string {
	p.t.Helper()
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/%s", p.command.Process.Pid, name))
	if err != nil {
		p.t.Fatalf("%v\n%s", err, p.Said())
	}
	return string(text)
}
