// SPDX-License-Identifier: Apache-2.0

package testenv

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/realmkeeper/realmkeeper/internal/testenv/eventually"
)

// Patroni is two PostgreSQL servers, of which it makes one the primary and lets the
// other one follow in step: what was acknowledged stands in both.
type Patroni struct {
	Nodes [2]*PatroniNode
}

// PatroniNode is one of the servers, with the Patroni that looks after it.
type PatroniNode struct {
	name, folder, postgres, api string
	daemon                      *daemon
}

// StartPatroni returns when both servers are there. They end with the test.
func StartPatroni(t testing.TB) *Patroni {
	t.Helper()
	client, peer := "http://"+freeAddress(t), "http://"+freeAddress(t)
	StartProgram(t, Program{Address: strings.TrimPrefix(client, "http://"), Argv: []string{
		"etcd", "--data-dir", "data", "--unsafe-no-fsync",
		"--listen-client-urls", client, "--advertise-client-urls", client,
		"--listen-peer-urls", peer, "--initial-advertise-peer-urls", peer, "--initial-cluster", "default=" + peer,
	}})
	p := &Patroni{}
	for i := range p.Nodes {
		p.Nodes[i] = newPatroniNode(t, fmt.Sprintf("node-%d", i+1), client)
		p.Nodes[i].Start(t)
	}
	p.AwaitStandby(t)
	return p
}

// patroniConfig is of one that is quick to find its primary gone. A server that was
// killed has its files still, so nothing is flushed to the disk.
const patroniConfig = `
scope: realm
name: %[1]s
restapi: {listen: "%[2]s", connect_address: "%[2]s"}
etcd3: {url: "%[3]s"}
bootstrap:
  dcs:
    ttl: 8
    loop_wait: 1
    retry_timeout: 3
    synchronous_mode: true
    postgresql:
      use_pg_rewind: true
      parameters: {fsync: "off", max_connections: 100, shared_buffers: 32MB}
  initdb: [{encoding: UTF8}, {locale: C}, {auth: trust}, no-sync, data-checksums]
postgresql:
  listen: "%[4]s"
  connect_address: "%[4]s"
  data_dir: %[5]s/data
  bin_dir: %[6]s
  pgpass: %[5]s/pgpass
  parameters: {unix_socket_directories: %[5]s}
  authentication: {superuser: {username: postgres, password: unused}, replication: {username: postgres, password: unused}}
  pg_hba: ["local all all trust", "host all all 127.0.0.1/32 trust", "host replication all 127.0.0.1/32 trust"]
`

func newPatroniNode(t testing.TB, name, etcd string) *PatroniNode {
	t.Helper()
	server, err := program("postgres", debianPostgres)
	if err != nil {
		t.Fatal(err)
	}
	folder, err := newFolder("patroni")
	if err != nil {
		t.Fatal(err)
	}
	n := &PatroniNode{name: name, folder: folder, postgres: freeAddress(t), api: freeAddress(t)}
	t.Cleanup(func() {
		if err := n.end(); err != nil {
			t.Error(err)
		}
	})
	config := fmt.Sprintf(patroniConfig, name, n.api, etcd, n.postgres, folder, filepath.Dir(server))
	if err := os.WriteFile(filepath.Join(folder, "patroni.yaml"), []byte(config), 0o644); err != nil {
		t.Fatal(err)
	}
	return n
}

func (n *PatroniNode) end() error {
	if n.daemon == nil {
		return os.RemoveAll(n.folder)
	}
	return n.daemon.stop()
}

// Start starts Patroni, which starts PostgreSQL; it does not wait for that.
func (n *PatroniNode) Start(t testing.TB) {
	t.Helper()
	patroni, err := program("patroni", "/usr/bin")
	if err != nil {
		t.Fatal(err)
	}
	// Its number is needed to kill it.
	n.daemon, err = startDaemon(n.folder, "TERM", "/bin/sh", "-c", `echo $$ >pid; exec "$@"`, "sh", patroni, "patroni.yaml")
	if err != nil {
		t.Fatal(err)
	}
}

// Kill ends Patroni and PostgreSQL as the loss of their machine would.
func (n *PatroniNode) Kill(t testing.TB) {
	t.Helper()
	// Patroni first, or it would start PostgreSQL again.
	for _, file := range []string{"pid", "data/postmaster.pid"} {
		pid, err := firstNumber(filepath.Join(n.folder, file))
		if err == nil {
			err = syscall.Kill(pid, syscall.SIGKILL)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := n.daemon.halt(); err != nil {
		t.Fatal(err)
	}
	n.daemon = nil
}

func firstNumber(file string) (int, error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return 0, err
	}
	line, _, _ := strings.Cut(string(text), "\n")
	return strconv.Atoi(line)
}

// IsPrimary reports whether the server is the one to write to.
func (n *PatroniNode) IsPrimary(ctx context.Context) bool {
	ctx, cancel := context.WithTimeout(ctx, time.Second)
	defer cancel()
	return n.ask(ctx, http.MethodGet, "/primary", nil) == nil
}

// Address is the host and port of PostgreSQL.
func (n *PatroniNode) Address() string { return n.postgres }

func (n *PatroniNode) ask(ctx context.Context, method, path string, body any) error {
	text, err := json.Marshal(body)
	if err != nil {
		return err
	}
	request, err := http.NewRequestWithContext(ctx, method, "http://"+n.api+path, strings.NewReader(string(text)))
	if err != nil {
		return err
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return err
	}
	defer func() { _ = response.Body.Close() }()
	if response.StatusCode != http.StatusOK {
		return fmt.Errorf("patroni answered %s to %s %s", response.Status, method, path)
	}
	return nil
}

// Primary is the server to write to, nil while there is none.
func (p *Patroni) Primary(ctx context.Context) *PatroniNode {
	for _, n := range p.Nodes {
		if n.IsPrimary(ctx) {
			return n
		}
	}
	return nil
}

// AwaitStandby returns when there is a primary, and a standby in step with it that
// may take over.
func (p *Patroni) AwaitStandby(t testing.TB) {
	t.Helper()
	eventually.Succeeds(t, func(ctx context.Context) error {
		logs := ""
		primary := p.Primary(ctx)
		for _, n := range p.Nodes {
			if primary != nil && n != primary && n.ask(ctx, http.MethodGet, "/sync", nil) == nil {
				return nil
			}
			log, _ := os.ReadFile(filepath.Join(n.folder, "log"))
			logs += string(log[max(0, len(log)-2000):])
		}
		return errors.New("no standby is in step\n" + logs)
	})
}

// SwitchOver has the other server be the primary, in good order.
func (p *Patroni) SwitchOver(t testing.TB) {
	t.Helper()
	eventually.Succeeds(t, func(ctx context.Context) error {
		leader := p.Primary(ctx)
		if leader == nil {
			return errors.New("no primary")
		}
		return leader.ask(ctx, http.MethodPost, "/switchover", map[string]string{"leader": leader.name})
	})
}

// Execute runs a statement at the primary.
func (p *Patroni) Execute(t testing.TB, statement string) {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), "postgres://postgres:unused@"+p.Primary(t.Context()).postgres+"/postgres?sslmode=disable")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close(context.Background()) }()
	if _, err := conn.Exec(t.Context(), statement); err != nil {
		t.Fatal(err)
	}
}
