// SPDX-License-Identifier: Apache-2.0

package testenv

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// TLSRedis is a server that speaks TLS.
type TLSRedis struct {
	*Redis
	// TLSAddress is where it does.
	TLSAddress string
}

// StartTLSRedis runs a server with a certificate for 127.0.0.1, whose CA it
// returns in PEM.
func StartTLSRedis(t testing.TB) (r TLSRedis, ca string) {
	t.Helper()
	r = TLSRedis{newRedis(t, "redis", nil), freeAddress(t)}
	ca = r.newCertificate(t)
	_, port, err := net.SplitHostPort(r.TLSAddress)
	if err != nil {
		t.Fatal(err)
	}
	r.options = []string{"--tls-port", port, "--tls-auth-clients", "no", "--tls-cert-file", "server.crt", "--tls-key-file", "server.key"}
	r.Start(t)
	return r, ca
}

// NewCertificate gives the server a certificate of a new CA, which it returns.
func (r TLSRedis) NewCertificate(t testing.TB) (ca string) {
	t.Helper()
	ca = r.newCertificate(t)
	r.Do(t, "CONFIG SET tls-cert-file server.crt tls-key-file server.key")
	return ca
}

func (r TLSRedis) newCertificate(t testing.TB) (ca string) {
	t.Helper()
	c, err := newCertificate(loopback)
	if err != nil {
		t.Fatal(err)
	}
	key, err := c.key()
	if err != nil {
		t.Fatal(err)
	}
	for name, content := range map[string]string{"server.crt": c.pem, "server.key": key} {
		path := filepath.Join(r.folder, name)
		if err := errors.Join(os.WriteFile(path, []byte(content), 0o600), own(path)); err != nil {
			t.Fatal(err)
		}
	}
	return c.pem
}

// StartSentinel runs a sentinel that watches master under the name main. It is
// quick to find it gone, and alone decides who is next.
func StartSentinel(t testing.TB, master *Redis) *Redis {
	t.Helper()
	s := newRedis(t, "sentinel", nil)
	_, port, _ := net.SplitHostPort(s.address)
	host, masterPort, _ := net.SplitHostPort(master.address)
	path := filepath.Join(s.folder, "sentinel.conf")
	config := fmt.Sprintf("port %s\nbind 127.0.0.1\ndir %s\nsentinel monitor main %s %s 1\n"+
		"sentinel down-after-milliseconds main 500\nsentinel failover-timeout main 3000\nuser test on nopass ~* &* +@all\n",
		port, s.folder, host, masterPort)
	if err := errors.Join(os.WriteFile(path, []byte(config), 0o600), own(path)); err != nil {
		t.Fatal(err)
	}
	s.run(t, []string{path, "--sentinel"})
	return s
}

// AwaitReplica returns when a server says that it has a replica in step, or a
// sentinel that it knows of one.
func (r *Redis) AwaitReplica(t testing.TB) {
	t.Helper()
	err := r.daemon.await(t.Context(), func(ctx context.Context) error {
		return r.says(ctx, "INFO", "state=online", "slaves=1")
	})
	if err != nil {
		t.Fatal(err)
	}
}

// says asks for a text in which one of words must stand.
func (r *Redis) says(ctx context.Context, question string, words ...string) error {
	text, err := r.ask(ctx, question)
	if err != nil {
		return err
	}
	if !slices.ContainsFunc(words, func(word string) bool { return strings.Contains(text, word) }) {
		return fmt.Errorf("%s does not say %s", question, strings.Join(words, " or "))
	}
	return nil
}

// StartRedisCluster runs three masters that share the keys.
func StartRedisCluster(t testing.TB) []*Redis {
	t.Helper()
	nodes, buses := []*Redis{}, []string{}
	for range 3 {
		_, bus, _ := net.SplitHostPort(freeAddress(t))
		nodes, buses = append(nodes, StartRedis(t, "--cluster-enabled", "yes", "--cluster-port", bus, "--cluster-node-timeout", "2000")), append(buses, bus)
	}
	const slots = 16384
	for i, node := range nodes {
		host, port, _ := net.SplitHostPort(node.address)
		node.Do(t, fmt.Sprintf("CLUSTER ADDSLOTSRANGE %d %d", i*slots/3, (i+1)*slots/3-1))
		nodes[0].Do(t, fmt.Sprintf("CLUSTER MEET %s %s %s", host, port, buses[i]))
	}
	for _, node := range nodes {
		err := node.daemon.await(t.Context(), func(ctx context.Context) error {
			return node.says(ctx, "CLUSTER INFO", "cluster_state:ok")
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	return nodes
}
