// SPDX-License-Identifier: Apache-2.0

package testenv

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"
)

// RedisURLVariable names the environment variable that replaces the server of
// RedisURL.
const RedisURLVariable = "REALMKEEPER_TEST_REDIS_URL"

// Redis is a real Redis server of one test; it takes a few milliseconds and
// megabytes.
type Redis struct {
	folder  string
	address string
	options []string
	daemon  *daemon
}

// RedisURL is the URL of the server that the environment names, which tests
// share, or of a new one that ends with the test.
func RedisURL(t testing.TB) string {
	t.Helper()
	if given := os.Getenv(RedisURLVariable); given != "" {
		return given
	}
	return StartRedis(t).URL()
}

// StartRedis runs a server that the test may flush and stop; it ends with it.
// Further options are those of redis-server.
func StartRedis(t testing.TB, options ...string) *Redis {
	t.Helper()
	r := newRedis(t, "redis", options)
	r.Start(t)
	return r
}

func newRedis(t testing.TB, name string, options []string) *Redis {
	t.Helper()
	folder, err := newFolder(name)
	if err != nil {
		t.Fatal(err)
	}
	r := &Redis{folder: folder, address: freeAddress(t), options: options}
	t.Cleanup(func() {
		if err := r.end(); err != nil {
			t.Errorf("stop %s: %v", name, err)
		}
	})
	return r
}

// URL is where the server listens, also while it is stopped.
func (r *Redis) URL() string { return "redis://" + r.address + "/0" }

// Address is the host and port of the server.
func (r *Redis) Address() string { return r.address }

// Start starts the server, empty, again after a Stop.
func (r *Redis) Start(t testing.TB) {
	t.Helper()
	host, port, err := net.SplitHostPort(r.address)
	if err != nil {
		t.Fatal(err)
	}
	// The last user is the test's own, whatever password the others need.
	r.run(t, append([]string{"--bind", host, "--port", port, "--save", "", "--appendonly", "no", "--dir", r.folder,
		"--user", "test", "on", "nopass", "~*", "&*", "+@all"}, r.options...))
}

func (r *Redis) run(t testing.TB, arguments []string) {
	t.Helper()
	server, err := program("redis-server")
	if err != nil {
		t.Fatal(err)
	}
	if r.daemon, err = startDaemon(r.folder, "TERM", append([]string{server}, arguments...)...); err != nil {
		t.Fatal(err)
	}
	ping := func(ctx context.Context) error { return r.command(ctx, "PING") }
	if err := r.daemon.await(t.Context(), ping); err != nil {
		t.Fatal(err)
	}
}

// Stop stops the server; what it knew is lost.
func (r *Redis) Stop(t testing.TB) {
	t.Helper()
	if err := r.daemon.halt(); err != nil {
		t.Fatal(err)
	}
	r.daemon = nil
}

func (r *Redis) end() error {
	if r.daemon == nil {
		return os.RemoveAll(r.folder)
	}
	return r.daemon.stop()
}

// Flush makes the server forget everything.
func (r *Redis) Flush(t testing.TB) {
	t.Helper()
	r.Do(t, "FLUSHALL")
}

// Do sends a command that is answered with OK.
func (r *Redis) Do(t testing.TB, command string) {
	t.Helper()
	if err := r.command(t.Context(), command); err != nil {
		t.Fatalf("%s: %v", command, err)
	}
}

// command sends a line that is answered with one.
func (r *Redis) command(ctx context.Context, line string) error {
	_, err := r.ask(ctx, line)
	return err
}

// ask sends a line as the test's own user, and returns a line or a text that
// answers it: all of the protocol that is needed.
func (r *Redis) ask(ctx context.Context, line string) (string, error) {
	conn, err := (&net.Dialer{}).DialContext(ctx, "tcp", r.address)
	if err != nil {
		return "", err
	}
	defer func() { _ = conn.Close() }()
	defer context.AfterFunc(ctx, func() { _ = conn.SetDeadline(time.Unix(1, 0)) })()
	if _, err := fmt.Fprintf(conn, "AUTH test -\r\n%s\r\n", line); err != nil {
		return "", err
	}
	answers := bufio.NewReader(conn)
	var answer string
	for range 2 {
		if answer, err = answers.ReadString('\n'); err != nil {
			return "", err
		}
		if strings.HasPrefix(answer, "-") {
			return "", fmt.Errorf("redis answered %q", strings.TrimSpace(answer))
		}
	}
	length, isText := strings.CutPrefix(strings.TrimSpace(answer), "$")
	if !isText {
		return answer, nil
	}
	size, err := strconv.Atoi(length)
	if err != nil {
		return "", fmt.Errorf("redis answered %q: %w", answer, err)
	}
	text := make([]byte, max(size, 0))
	_, err = io.ReadFull(answers, text)
	return string(text), err
}
