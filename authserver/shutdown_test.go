// SPDX-License-Identifier: Apache-2.0

package authserver_test

import (
	"crypto/tls"
	"io"
	"net"
	"net/http"
	"testing"
	"time"

	"github.com/realmkeeper/realmkeeper/internal/testenv/eventually"
)

// A connection whose handshake is under way when a server ends is no reason to wait until
// nobody may wait any longer, and no failure.
func TestALateHandshakeDoesNotHoldUpTheEnd(t *testing.T) {
	t.Parallel()
	r := newRealm(t)
	for range 10 {
		if endsWithALateHandshake(t, r.serve()) {
			return
		}
		t.Log("the handshake was too late: a server waits five seconds for one")
	}
	t.Fatal("none is in time")
}

// endsWithALateHandshake ends a server, and reports whether a handshake came that it had
// waited for.
func endsWithALateHandshake(t *testing.T, s *server) bool {
	t.Helper()
	defer s.End()
	late, err := net.Dial("tcp", s.API)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = late.Close() }()
	// Connections are accepted in their order: with this answer, the one above is as well.
	if got := s.do(newRequest(t, http.MethodGet, "/.well-known/jwks.json", nil)); got.Status != http.StatusOK {
		t.Fatalf("it answers %d", got.Status)
	}
	s.Stop()
	eventually.Holds(t, "nobody is let in any more", func() bool {
		c, err := net.Dial("tcp", s.API)
		if err == nil {
			_ = c.Close()
		}
		return err != nil
	})
	h2 := tls.Client(late, &tls.Config{NextProtos: []string{"h2"}, InsecureSkipVerify: true})
	const emptySettings = "\x00\x00\x00\x04\x00\x00\x00\x00\x00"
	if _, err := h2.Write([]byte("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + emptySettings)); err != nil {
		return false
	}
	_ = late.SetReadDeadline(time.Now().Add(eventually.Patience))
	if _, err := io.Copy(io.Discard, h2); err != nil {
		t.Errorf("the connection is left open: %v", err)
	}
	return true
}
