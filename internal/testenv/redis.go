// SPDX-License-Identifier: Apache-2.0

package testenv

import (
	"bufio"
	"context"
	"fmt"
	"net"
	"os"
	"strconv"
	"strings"
	"testing"
)

// RedisURLVariable names the environment variable that replaces the server of
// RedisURL.
const RedisURLVariable = "REALMKEEPER_TEST_REDIS_URL"

// Redis is a real Redis server of one test; it takes a few milliseconds and
// megabytes.
type Redis struct {
	folder  string
	address string
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
func StartRedis(t testing.TB) *Redis {
	t.Helper()
	folder, err := newFolder("redis")
	if err != nil {
		t.Fatal(err)
	}
	port, err := FreePort()
	if err != nil {
		t.Fatal(err)
	}
	r := &Redis{folder: folder, address: net.JoinHostPort("127.0.0.1", strconv.Itoa(port))}
	r.Start(t)
	t.Cleanup(func() {
		if err := r.end(); err != nil {
			t.Errorf("stop redis: %v", err)
		}
	})
	return r
}

// URL is where the server listens, also while it is stopped.
func (r *Redis) URL() string { return "redis://" + r.address + "/0" }

// Start starts the server, empty, again after a Stop.
func (r *Redis) Start(t testing.TB) {
	t.Helper()
	server, err := program("redis-server")
	if err != nil {
		t.Fatal(err)
	}
	host, port, err := net.SplitHostPort(r.address)
	if err != nil {
		t.Fatal(err)
	}
	r.daemon, err = startDaemon(r.folder, "TERM", server,
		"--bind", host, "--port", port, "--save", "", "--appendonly", "no", "--dir", r.folder)
	if err != nil {
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
	if err := r.command(t.Context(), "FLUSHALL"); err != nil {
		t.Fatal(err)
	}
}

// command sends one word and reads one line: all of the protocol that is needed.
func (r *Redis) command(ctx context.Context, word string) error {
	conn, err := (&net.Dialer{}).DialContext(ctx, "tcp", r.address)
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close() }()
	if _, err := fmt.Fprintf(conn, "%s\r\n", word); err != nil {
		return err
	}
	line, err := bufio.NewReader(conn).ReadString('\n')
	if err == nil && !strings.HasPrefix(line, "+") {
		return fmt.Errorf("redis answered %q", strings.TrimSpace(line))
	}
	return err
}
