// SPDX-License-Identifier: Apache-2.0

package auth

import (
	"net/netip"
	"time"
)

// DeviceLifetime is how long a device is known after its last sign-in.
const DeviceLifetime = 180 * 24 * time.Hour

// Client is what a session remembers of the device that opened it.
type Client struct {
	UserAgent string
	Address   string
	// Shared is set when Address is that of a proxy whose clients cannot be told
	// apart. Counting them as one would let any of them shut the others out.
	Shared bool
	// Device is the token that an earlier login gave to it; empty for none.
	Device Secret
}

// ipv6Network is what one subscriber has at least (RFC 6177): whoever sends from
// one address in it can send from all.
const ipv6Network = 64

// Source is what a client's requests are counted by: its IPv4 address, or the
// network that its IPv6 address is in.
func (c Client) Source() string {
	a, err := netip.ParseAddr(c.Address)
	if err != nil || !a.Is6() {
		return c.Address
	}
	network, _ := a.WithZone("").Prefix(ipv6Network)
	return network.String()
}
