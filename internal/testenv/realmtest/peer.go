// SPDX-License-Identifier: Apache-2.0

package realmtest

import (
	"net"
	"net/netip"
)

// seemingly is a listener whose connections seem to come from a peer: this machine may
// have no address in the network that a test is about.
type seemingly struct {
	net.Listener
	peer netip.AddrPort
}

func (l seemingly) Accept() (net.Conn, error) {
	conn, err := l.Listener.Accept()
	if err != nil || !l.peer.IsValid() {
		return conn, err
	}
	return seeminglyFrom{conn, net.TCPAddrFromAddrPort(l.peer)}, nil
}

type seeminglyFrom struct {
	net.Conn
	peer net.Addr
}

func (c seeminglyFrom) RemoteAddr() net.Addr { return c.peer }
