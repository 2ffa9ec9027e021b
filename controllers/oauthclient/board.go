// SPDX-License-Identifier: Apache-2.0

package oauthclient

import (
	"sync"
	"time"

	"k8s.io/apimachinery/pkg/types"

	"github.com/realmkeeper/realmkeeper/authserver/realmconfig"
	"github.com/realmkeeper/realmkeeper/controllers/internal/attached"
	"github.com/realmkeeper/realmkeeper/controllers/internal/conditions"
	"github.com/realmkeeper/realmkeeper/controllers/internal/requeue"
)

// board is where the passes over a realm's documents tell those over its clients how far
// pods have come. It forgets everything with the operator: a client's own status says what
// every pod has run before.
type board struct {
	mu     sync.Mutex
	realms map[types.NamespacedName]*standing

	// told is what each client has last been told, by its id.
	told map[string]view
}

// standing is how far the documents of one realm have come.
type standing struct {
	shards   [realmconfig.ClientShards]shard
	clusters clusters
	askedAt  time.Time
}

// view is what is to be known of one client.
type view struct {
	uptake attached.Uptake

	// reason and message say why the client is in no document, though its realm takes it.
	reason, message string

	// begins is from when on it is in a document, zero where another of its name has not
	// just ended.
	begins time.Time

	// refused is why a pod does not take it as it is.
	refused string

	key keyWait

	// usedOn is the last day on which the client was used, olderUsedOn that on which the
	// older of its two secrets was: dates in UTC, "" where no pod has seen it.
	usedOn, olderUsedOn string
}

// gist is what of a view matters to its client: on its way to the pods it is not known by
// every one, whatever it is.
func (v view) gist() view {
	if !v.uptake.Everywhere && v.refused == "" {
		v.uptake = attached.Uptake{}
	}
	return v
}

func newBoard() *board {
	return &board{realms: map[types.NamespacedName]*standing{}, told: map[string]view{}}
}

// of is the standing of a realm. All of its documents are to be looked at when it is new.
func (b *board) of(realm types.NamespacedName) *standing {
	s, known := b.realms[realm]
	if !known {
		s = &standing{}
		for n := range s.shards {
			s.shards[n].dirty = true
		}
		s.clusters.dirty = true
		b.realms[realm] = s
	}
	return s
}

// mark has one document of a realm's clients looked at again, markAll all documents.
func (b *board) mark(realm types.NamespacedName, n int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.of(realm).shards[n].dirty = true
}

func (b *board) markAll(realm types.NamespacedName) {
	for n := range realmconfig.ClientShards {
		b.mark(realm, n)
	}
	b.markClusters(realm)
}

// markAwaiting has those looked at in which clients wait for a key, and reports whether
// there are any.
func (b *board) markAwaiting(realm types.NamespacedName) (found bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	s := b.of(realm)
	for n := range s.shards {
		if s.shards[n].awaitsKey() {
			s.shards[n].dirty, found = true, true
		}
	}
	return found
}

// take returns the documents that are to be looked at now, and takes them for looked at.
// The next are to be at a time, zero for when they are marked.
func (b *board) take(realm types.NamespacedName, now time.Time) (due []int, next time.Time) {
	b.mu.Lock()
	defer b.mu.Unlock()
	s := b.of(realm)
	for n := range s.shards {
		shard := &s.shards[n]
		shard.begun(now)
		switch at := shard.due(); {
		case !shard.dirty:
		case at.After(now):
			next = requeue.Soonest(next, at)
		default:
			shard.dirty, due = false, append(due, n)
		}
	}
	return due, next
}

// written notes what a document says now. It is the same document as before when its
// revision is.
func (b *board) written(realm types.NamespacedName, n int, d written) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.of(realm).shards[n].write(d)
}

// failed notes why a document could not be written, nil when it could.
func (b *board) failed(realm types.NamespacedName, n int, failure *conditions.Failure) {
	b.mu.Lock()
	defer b.mu.Unlock()
	s := &b.of(realm).shards[n]
	was, is := valueOf(s.failure), valueOf(failure)
	s.failure, s.news = failure, s.news || was != is
}

func valueOf(f *conditions.Failure) (value conditions.Failure) {
	if f != nil {
		value = *f
	}
	return value
}

// knows reports whether there is a document.
func (b *board) knows(realm types.NamespacedName, n int) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return len(b.of(realm).shards[n].revisions) > 0
}

// look is what is known of a client of a realm, which it has been told then.
func (b *board) look(realm types.NamespacedName, id string) view {
	b.mu.Lock()
	defer b.mu.Unlock()
	v := b.view(realm, id)
	b.told[id] = v
	return v
}

func (b *board) view(realm types.NamespacedName, id string) view {
	s, known := b.realms[realm]
	if !known {
		return view{}
	}
	shard := &s.shards[realmconfig.ClientShard(id)]
	if c, found := shard.clients[id]; found && c.workload {
		return s.clusters.limit(shard.view(id), c.here)
	}
	return shard.view(id)
}

// takeNews returns the documents of which something else is known than before, and takes
// it for told.
func (b *board) takeNews(realm types.NamespacedName) []int {
	b.mu.Lock()
	defer b.mu.Unlock()
	var news []int
	s := b.of(realm)
	for n := range s.shards {
		if s.shards[n].news || s.clusters.news && s.shards[n].hasWorkloads() {
			news = append(news, n)
		}
		s.shards[n].news = false
	}
	s.clusters.news = false
	return news
}

// untold reports whether a client has been told something else than what is known now. One
// that has asked nothing yet is not waited for.
func (b *board) untold(realm types.NamespacedName, id string) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	told, asked := b.told[id]
	return asked && told.gist() != b.view(realm, id).gist()
}

// forget drops what is known of a realm that is gone, forgetClient what a client was told.
func (b *board) forget(realm types.NamespacedName) {
	b.mu.Lock()
	defer b.mu.Unlock()
	delete(b.realms, realm)
}

func (b *board) forgetClient(id string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	delete(b.told, id)
}
