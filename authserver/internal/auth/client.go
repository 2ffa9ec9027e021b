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
	// apart. Counted as one, any of them could shut the others out: see Allowed.
	Shared bool
	// Device is the token that an earlier login gave to it; empty for none.
	Device Secret
}

// sharedSources is how many sources a proxy stands for whose clients cannot be told
// apart: enough for what a realm of two processors can do, and not without end.
const sharedSources = 20

// Allowed is how often a client may do what one source may do so often.
func (c Client) Allowed(oneSource int) int {
	if c.Shared {
		return oneSource * sharedSources
	}
	return oneSource
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
