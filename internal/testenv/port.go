// SPDX-License-Identifier: Apache-2.0

package testenv

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"strconv"
	"syscall"
	"testing"
)

// FreePort is a TCP port that nobody listens on now, and that nobody else who asks here is
// given while this process lives. It is not one of those that the system gives to
// connections and to whoever asks for any port, from 32768 on: one of them could be taken
// again before its server has started.
func FreePort() (int, error) {
	port, _, err := freePort()
	return port, err
}

// freeAddress is one of this machine with a free port, which is the test's until its end.
func freeAddress(t testing.TB) string {
	t.Helper()
	port, release, err := freePort()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(release)
	return net.JoinHostPort("127.0.0.1", strconv.Itoa(port))
}

func freePort() (port int, release func(), err error) {
	const first, ports, tries = 10_000, 22_000, 100
	for range tries {
		port = first + rand.IntN(ports)
		if release, err = reserve(port); err != nil {
			continue
		}
		l, taken := net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", port))
		if taken == nil {
			return port, release, l.Close()
		}
		release()
		err = taken
	}
	return 0, nil, fmt.Errorf("find a free port: %w", err)
}

// reserve keeps a port from all who ask, in this process and in others, until it is
// released: between the look at a port and the start of its server somebody else might look.
// What keeps it is a name without a file, which Linux forgets with the process.
func reserve(port int) (release func(), err error) {
	holder, err := syscall.Socket(syscall.AF_UNIX, syscall.SOCK_STREAM|syscall.SOCK_CLOEXEC, 0)
	if err != nil {
		return nil, fmt.Errorf("reserve port %d: %w", port, err)
	}
	if err := syscall.Bind(holder, &syscall.SockaddrUnix{Name: fmt.Sprintf("@realmkeeper-test-port-%d", port)}); err != nil {
		return nil, errors.Join(fmt.Errorf("reserve port %d: %w", port, err), syscall.Close(holder))
	}
	return func() { _ = syscall.Close(holder) }, nil
}
