// SPDX-License-Identifier: Apache-2.0

//go:build bench

package bench

import (
	"bufio"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// process is the server's program.
type process struct {
	command *exec.Cmd
	log     string
}

// buildServer makes the program as a release has it.
func buildServer(t *testing.T) string {
	t.Helper()
	binary := filepath.Join(t.TempDir(), "authserver")
	build := exec.CommandContext(t.Context(), "go", "build", "-ldflags", "-s -w", "-o", binary, "../../cmd/authserver")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("build the server: %v\n%s", err, out)
	}
	return binary
}

// runToEnd runs a command of the program, with in as its input.
func runToEnd(t *testing.T, in string, binary string, args ...string) {
	t.Helper()
	command := exec.CommandContext(t.Context(), binary, args...)
	command.Stdin = strings.NewReader(in)
	if out, err := command.CombinedOutput(); err != nil {
		t.Fatalf("authserver %s: %v\n%s", args[0], err, out)
	}
}

// startServer returns once the server is ready; it ends with the test.
func startServer(t *testing.T, binary, dir string, apiPort, opsPort int) *process {
	t.Helper()
	p := &process{log: filepath.Join(t.TempDir(), "log")}
	log, err := os.Create(p.log)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = log.Close() }()
	p.command = exec.Command(binary, "serve", "--config-dir", dir, "--drain-delay", "0s", "--log-level", "warn",
		"--api-address", fmt.Sprintf("127.0.0.1:%d", apiPort), "--ops-address", fmt.Sprintf("127.0.0.1:%d", opsPort))
	p.command.Stderr = log
	p.command.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGTERM} // a benchmark that is killed leaves nothing
	if err := p.command.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = p.command.Process.Signal(syscall.SIGTERM)
		if err := p.command.Wait(); err != nil {
			t.Errorf("the server ended with %v\n%s", err, p.said())
		}
	})
	ready := fmt.Sprintf("http://127.0.0.1:%d/readyz", opsPort)
	for deadline := time.Now().Add(time.Minute); time.Now().Before(deadline); pause(50 * time.Millisecond) {
		if response, err := http.Get(ready); err == nil {
			_ = response.Body.Close()
			if response.StatusCode == http.StatusOK {
				return p
			}
		}
	}
	t.Fatalf("the server is not ready after a minute\n%s", p.said())
	return nil
}

// said is the end of the server's log.
func (p *process) said() string {
	const end = 4 << 10
	text, _ := os.ReadFile(p.log)
	return string(text[max(0, len(text)-end):])
}

// cpu is the time that the processors have worked for the server.
func (p *process) cpu(t testing.TB) time.Duration {
	t.Helper()
	const (
		tick         = 10 * time.Millisecond // USER_HZ, the same on every Linux
		user, system = 11, 12                // of the fields behind the name
	)
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", p.command.Process.Pid))
	if err != nil {
		t.Fatal(err)
	}
	_, behind, _ := strings.Cut(string(stat), ") ")
	fields := strings.Fields(behind)
	ticks := 0
	for _, i := range []int{user, system} {
		n, err := strconv.Atoi(fields[i])
		if err != nil {
			t.Fatalf("read the processor's time: %v", err)
		}
		ticks += n
	}
	return time.Duration(ticks) * tick
}

// memory is the server's resident set, in bytes.
func (p *process) memory(t testing.TB) int64 {
	t.Helper()
	status, err := os.Open(fmt.Sprintf("/proc/%d/status", p.command.Process.Pid))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = status.Close() }()
	for lines := bufio.NewScanner(status); lines.Scan(); {
		kibibytes := int64(0)
		if _, err := fmt.Sscanf(lines.Text(), "VmRSS: %d kB", &kibibytes); err == nil {
			return kibibytes << 10
		}
	}
	t.Fatal("the resident set is not stated")
	return 0
}
