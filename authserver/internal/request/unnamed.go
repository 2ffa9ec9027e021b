// SPDX-License-Identifier: Apache-2.0

package request

import (
	"net/http"
	"net/netip"
	"slices"
	"sync"
	"time"

	"github.com/realmkeeper/realmkeeper/authserver/realmconfig"
)

const (
	// maxUnnamed bounds the peers that are remembered; the one that was silent for
	// longest makes room.
	maxUnnamed = 16
	// unnamedMemory is how long after its last request a peer is told of.
	unnamedMemory = time.Hour
	// unnamedRequests is how many requests make a proxy of a peer: a neighbour that
	// tries a header once is none.
	unnamedRequests = 20
)

// UnnamedProxies are the peers that speak for others though the realm's settings do not
// name them. Of a request only its peer's address is kept, and nothing that a client
// may write; and only addresses in private ranges, since on the internet anybody may
// send such headers, and nobody shall be asked to trust them for it.
type UnnamedProxies struct {
	now func() time.Time

	mu    sync.Mutex
	peers map[netip.Addr]unnamedPeer
}

type unnamedPeer struct {
	requests int
	last     time.Time
}

// NewUnnamedProxies returns none so far.
func NewUnnamedProxies(now func() time.Time) *UnnamedProxies {
	return &UnnamedProxies{now: now, peers: map[netip.Addr]unnamedPeer{}}
}

// notice remembers the peer of a request if it speaks for somebody else.
func (u *UnnamedProxies) notice(r *http.Request, network realmconfig.Network) {
	peer, ok := unnamedProxy(r, network.TrustedProxies)
	if !ok {
		return
	}
	u.mu.Lock()
	defer u.mu.Unlock()
	now := u.now()
	known, found := u.peers[peer]
	if !found && len(u.peers) >= maxUnnamed {
		delete(u.peers, u.silentForLongest())
	}
	if now.Sub(known.last) >= unnamedMemory {
		known.requests = 0
	}
	u.peers[peer] = unnamedPeer{requests: min(known.requests+1, unnamedRequests), last: now}
}

func (u *UnnamedProxies) silentForLongest() netip.Addr {
	silent := netip.Addr{}
	for peer, p := range u.peers {
		if !silent.IsValid() || p.last.Before(u.peers[silent].last) {
			silent = peer
		}
	}
	return silent
}

// Seen is the addresses, in order, of those that the settings do not name now.
func (u *UnnamedProxies) Seen(network realmconfig.Network) []string {
	u.mu.Lock()
	defer u.mu.Unlock()
	named, list := prefixes(network.TrustedProxies), []netip.Addr{}
	for peer, p := range u.peers {
		if p.requests >= unnamedRequests && u.now().Sub(p.last) < unnamedMemory && !within(named, peer) {
			list = append(list, peer)
		}
	}
	slices.SortFunc(list, netip.Addr.Compare)
	texts := []string(nil)
	for _, peer := range list {
		texts = append(texts, peer.String())
	}
	return texts
}
