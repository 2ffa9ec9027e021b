// SPDX-License-Identifier: Apache-2.0

package realmconfig

import "slices"

// ClientUse says which clients were used on one day. It is as small for ten thousand
// clients as bits are: an operator asks often, and reads no more than it must.
type ClientUse struct {
	// Day is a date in UTC, "2026-11-30".
	Day string `json:"day"`
	// Clients has, by shard, a bit for each client of the document whose revision the
	// same Report names; OldSecrets one for each whose second secret was shown.
	Clients    map[int]ClientBits `json:"clients,omitempty"`
	OldSecrets map[int]ClientBits `json:"oldSecrets,omitempty"`
}

// ClientBits has one bit for each client of a document, in the order of their ids, as
// EncodeClients writes them. The first is the lowest bit of the first byte.
type ClientBits []byte

// Has reports whether the bit of the i-th client, from 0, is set.
func (b ClientBits) Has(i int) bool { return i >= 0 && i/8 < len(b) && b[i/8]&(1<<(i%8)) != 0 }

func (b ClientBits) with(i int) ClientBits {
	for len(b) <= i/8 {
		b = append(b, 0)
	}
	b[i/8] |= 1 << (i % 8)
	return b
}

// Use puts what is known of one day's use into bits: whether the client of an id was
// used, and whether a secret of it was.
func (s *ClientSet) Use(day string, client func(id string) bool, secret func(id, secretID string) bool) ClientUse {
	use := ClientUse{Day: day, Clients: map[int]ClientBits{}, OldSecrets: map[int]ClientBits{}}
	if s == nil {
		return use
	}
	for n, shard := range s.shards {
		for i, id := range shard.order {
			if client(id) {
				use.Clients[n] = use.Clients[n].with(i)
			}
			if c := s.clients[id]; len(c.Secrets) > 1 && secret(id, c.Secrets[1].ID) {
				use.OldSecrets[n] = use.OldSecrets[n].with(i)
			}
		}
	}
	return use
}

// ClientsLastUsed says, of the clients of a document, on which day each was last used,
// and on which its second secret was: dates in UTC by client id, none where the pod
// knows of no use. It knows nothing of a document while it has another revision of it
// in force.
func (r Report) ClientsLastUsed(d ClientDocument, shard int, revision string) (clients, oldSecrets map[string]string) {
	clients, oldSecrets = map[string]string{}, map[string]string{}
	if r.ClientRevisions[shard] != revision {
		return clients, oldSecrets
	}
	ids := []string{}
	for _, c := range d.Clients {
		ids = append(ids, c.ID)
	}
	slices.Sort(ids)
	for _, use := range r.ClientUse {
		for i, id := range ids {
			if use.Clients[shard].Has(i) {
				clients[id] = max(clients[id], use.Day)
			}
			if use.OldSecrets[shard].Has(i) {
				oldSecrets[id] = max(oldSecrets[id], use.Day)
			}
		}
	}
	return clients, oldSecrets
}
