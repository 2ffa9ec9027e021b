// SPDX-License-Identifier: Apache-2.0

package realmconfig

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// maxProblem bounds what is said of one problem, in bytes.
const maxProblem = 300

// clientShard is what is in force of one document.
type clientShard struct {
	// revision is of the document that was read last and is one, content of the file
	// that was looked at last.
	revision, content string
	clients           []Client
	// order are the ids of all clients of the document, empty for one that cannot be read.
	order []string
	ended []EndedClient
	// problem says why a newer document is not in force, refused why clients of this
	// one are not, by their ids.
	problem string
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
	changed = changed || next.clusters.content != before.content || next.clusters.problem != before.problem
	for n := range ClientShards {
		old := clientShard{}
		if last != nil {
			old = last.shards[n]
		}
		next.shards[n] = loadShard(dir, n, old)
		changed = changed || next.shards[n].content != old.content || next.shards[n].problem != old.problem
	}
	if !changed {
		return last
	}
	next.index()
	return next
}

func loadShard(dir string, n int, last clientShard) clientShard {
	data, err := readBounded(filepath.Join(dir, ClientFile(n)))
	if errors.Is(err, fs.ErrNotExist) {
		last.content, last.problem = "", ""
		return last
	}
	if err != nil {
		last.content, last.problem = "", "cannot be read: "+reasonOf(err)
		return last
	}
	content := Revision(data)
	if content == last.content {
		return last
	}
	next, err := decodeShard(data, n, last)
	if err != nil {
		last.content, last.problem = content, bounded(err)
		return last
	}
	next.revision, next.content = content, content
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

func readBounded(name string) ([]byte, error) {
	file, err := os.Open(name) //nolint:gosec // what is mounted
	if err != nil {
		return nil, err
	}
	defer func() { _ = file.Close() }()
	data, err := io.ReadAll(io.LimitReader(file, MaxClientDocument+1))
	if err == nil && len(data) > MaxClientDocument {
		err = fmt.Errorf("it is larger than %d bytes", MaxClientDocument)
	}
	return data, err
}

// reasonOf is an error without the name of the file.
func reasonOf(err error) string {
	var path *fs.PathError
	if errors.As(err, &path) {
		err = path.Err
	}
	return err.Error()
}

// bounded is an error's text on one line, of maxProblem bytes at most.
func bounded(err error) string {
	text := strings.ReplaceAll(err.Error(), "\n", "; ")
	if len(text) > maxProblem {
		text = strings.ToValidUTF8(text[:maxProblem], "") + "…"
	}
	return text
}
