// SPDX-License-Identifier: Apache-2.0

package authserver_test

import (
	"errors"
	"fmt"
	"io"
	"net"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/realmkeeper/realmkeeper/internal/testenv"
	"github.com/realmkeeper/realmkeeper/internal/testenv/realmtest"
)

// newBalancer spreads TCP connections over the targets of the moment, as a
// Service does: it knows nothing of what runs through them.
func newBalancer(t *testing.T, address string, targets func() []string) net.Addr {
	t.Helper()
	l := realmtest.Listen(t, address)
	var group sync.WaitGroup
	t.Cleanup(func() {
		_ = l.Close()
		group.Wait()
	})
	var next atomic.Int64
	group.Go(func() {
		for {
			client, err := l.Accept()
			if err != nil {
				if !errors.Is(err, net.ErrClosed) {
					t.Error(err)
				}
				return
			}
			alive := targets()
			if len(alive) == 0 {
				_ = client.Close()
				continue
			}
			target := alive[int(next.Add(1))%len(alive)]
			group.Go(func() { splice(client, target) })
		}
	})
	return l.Addr()
}

func splice(client net.Conn, target string) {
	defer func() { _ = client.Close() }()
	server, err := net.Dial("tcp", target)
	if err != nil {
		return
	}
	defer func() { _ = server.Close() }()
	var group sync.WaitGroup
	pass := func(to, from net.Conn) {
		_, _ = io.Copy(to, from)
		_ = to.(*net.TCPConn).CloseWrite()
	}
	group.Go(func() { pass(server, client) })
	group.Go(func() { pass(client, server) })
	group.Wait()
}

// freeAddress may be listened at again and again: nobody is given its port meanwhile who
// asks for any.
func freeAddress(t *testing.T) string {
	t.Helper()
	port, err := testenv.FreePort()
	if err != nil {
		t.Fatal(err)
	}
	return fmt.Sprintf("127.0.0.1:%d", port)
}
