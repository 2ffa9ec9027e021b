// SPDX-License-Identifier: Apache-2.0

package realmconfig

import (
	"encoding/json"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"time"
)

// clientShard is what is in force of one document.
type clientShard struct {
	followed
	clients []Client
	// order are the ids of all clients of the document, empty for one that cannot be read.
	order []string
	ended []EndedClient
	// refused says why clients of the document are not in force, by their ids.
	refused map[string]string
}

// LoadClients reads the clients and the clusters below dir. What is not there, or is not
// good, is as it was last: all clusters, a whole shard, or one client in it, whose problem
// is told. Last may be nil, and is what is returned when nothing has changed.
func LoadClients(dir string, last *ClientSet) *ClientSet {
	next, changed, before := &ClientSet{}, last == nil, clusters{}
	if last != nil {
		before = last.clusters
	}
	next.clusters = loadClusters(dir, before)
	changed = changed || next.clusters.followed != before.followed
	for n := range ClientShards {
		old := clientShard{}
		if last != nil {
			old = last.shards[n]
		}
		next.shards[n] = loadShard(dir, n, old)
		changed = changed || next.shards[n].followed != old.followed
	}
	if !changed {
		return last
	}
	next.index()
	return next
}

func loadShard(dir string, n int, last clientShard) clientShard {
	data, seen := last.look(filepath.Join(dir, ClientFile(n)))
	last.followed = seen
	if data == nil {
		return last
	}
	next, err := decodeShard(data, n, last)
	if err != nil {
		last.problem = bounded(err)
		return last
	}
	next.followed = seen.inForce()
	return next
}

func decodeShard(data []byte, n int, last clientShard) (clientShard, error) {
	document := shardDocument{}
	if err := Decode(data, &document); err != nil {
		return clientShard{}, err
	}
	shard := clientShard{ended: document.Ended, refused: map[string]string{}}
	seen := map[string]bool{}
	for i, raw := range document.Clients {
		client := Client{}
		err := Decode(raw, &client)
		switch {
		case err != nil:
		case ClientShard(client.ID) != n:
			err = fmt.Errorf("id: belongs into shard %d", ClientShard(client.ID))
		case seen[client.ID]:
			err = errors.New("id: stands twice")
		}
		if err == nil {
			seen[client.ID] = true
			shard.clients = append(shard.clients, client)
			shard.order = append(shard.order, client.ID)
			continue
		}
		shard.refuse(raw, n, i, err)
	}
	return shard.keeping(last, seen), nil
}

// refuse remembers why a client of the document is not in force, by its id where that
// can be read.
func (s *clientShard) refuse(raw json.RawMessage, n, i int, err error) {
	named := struct {
		ID string `json:"id"`
	}{}
	_ = json.Unmarshal(raw, &named) // what is wrong is known already, and the id may stand before it
	s.order = append(s.order, "")
	if !IsClientID(named.ID) {
		s.refused[fmt.Sprintf("%s: clients[%d]", ClientFile(n), i)] = bounded(err)
		return
	}
	s.order[len(s.order)-1] = named.ID
	s.refused[named.ID] = bounded(err)
}

// keeping is s with those of last that are refused now, as they were.
func (s clientShard) keeping(last clientShard, seen map[string]bool) clientShard {
	for _, client := range last.clients {
		if _, refused := s.refused[client.ID]; refused && !seen[client.ID] {
			s.clients = append(s.clients, client)
		}
	}
	return s
}

// shardDocument is a ClientDocument whose clients are still to be read.
type shardDocument struct {
	Version int               `json:"version"`
	Clients []json.RawMessage `json:"clients"`
	Ended   []EndedClient     `json:"ended"`
}

// Validate implements document.
func (d shardDocument) Validate() error {
	p := problems{}
	p.check(d.Version == Version, "version: is %d, this build reads %d", d.Version, Version)
	for i, e := range d.Ended {
		p.check(IsClientID(e.ID), "ended[%d].id: must be a namespace, a dot and a name", i)
		p.check(!e.At.IsZero(), "ended[%d].at: must not be empty", i)
	}
	return p.join()
}

// index makes what is looked up from the shards. A client that ended after it came
// to be is no more, whatever else is said of it.
func (s *ClientSet) index() {
	s.clients, s.ended = map[string]Client{}, map[string]time.Time{}
	for _, shard := range s.shards {
		for _, e := range shard.ended {
			if e.At.After(s.ended[e.ID]) {
				s.ended[e.ID] = e.At
			}
		}
		for _, client := range shard.clients {
			if !s.ended[client.ID].After(client.Since) {
				s.clients[client.ID] = client
			}
		}
	}
	for _, client := range s.clients {
		s.takeResource(client)
		s.longestToken = max(s.longestToken, client.AccessTokenLifetime, client.IDTokenLifetime)
		if at, found := slices.BinarySearch(s.algorithms, client.IDTokenSigningAlg); !found {
			s.algorithms = slices.Insert(s.algorithms, at, client.IDTokenSigningAlg)
		}
	}
}
