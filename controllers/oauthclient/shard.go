// SPDX-License-Identifier: Apache-2.0

package oauthclient

import (
	"maps"
	"time"

	"github.com/realmkeeper/realmkeeper/api/v1alpha1"
	"github.com/realmkeeper/realmkeeper/authserver/realmconfig"
	"github.com/realmkeeper/realmkeeper/controllers/internal/attached"
	"github.com/realmkeeper/realmkeeper/controllers/internal/conditions"
	"github.com/realmkeeper/realmkeeper/controllers/internal/podstatus"
	"github.com/realmkeeper/realmkeeper/controllers/internal/requeue"
	"github.com/realmkeeper/realmkeeper/controllers/internal/rotation"
)

// maxRevisions is how many documents of a shard are told apart: a pod that runs one from
// before counts as one that runs none.
const maxRevisions = 64

// shard is one document, and how far pods have come with it.
//
// Clients change one by one, and pods always lag behind the last of them. So each document
// has a number, and each client has that of the first document that says of it what is said
// now: whoever runs that document or a later one knows the client as it is.
type shard struct {
	// dirty is set when the document is to be looked at, news when something is known that
	// clients have not been told.
	dirty, news bool

	// revisions are those of the last documents, the one in force last, whose number is
	// number.
	revisions []string
	number    int
	writtenAt time.Time

	// clients are those in the document, by id.
	clients map[string]*entry

	// everywhere is the number of the last document that every pod has run.
	everywhere int

	// failure is why the document could not be written. For clients that are leftOut it has
	// no room, begin says of others from when on they are in it, and refused what pods have
	// against them.
	failure *conditions.Failure
	leftOut map[string]bool
	begin   map[string]time.Time
	refused map[string]string
}

// told is what a document says of one client: what names its settings, and what it says of
// the key that these ask for. Workload is set for a client of ServiceAccounts, here where one
// of these is of the cluster that the operator runs in.
type told struct {
	revision       string
	key            keyWait
	workload, here bool
}

// entry is one client of a document: what it says, and the number of the first document
// that said it. The days are those of a view.
type entry struct {
	told
	since               int
	usedOn, olderUsedOn string
}

// written is a document as it is now.
type written struct {
	revision string
	at       time.Time

	// clients are those in it, by id.
	clients map[string]told

	// leftOut are clients for which it has no room, begin are those that are in it from a
	// time on.
	leftOut []string
	begin   map[string]time.Time
}

func (s *shard) write(d written) {
	s.news = true
	if n := len(s.revisions); n == 0 || s.revisions[n-1] != d.revision {
		s.revisions = append(s.revisions, d.revision)
		s.revisions = s.revisions[max(0, len(s.revisions)-maxRevisions):]
		s.number++
		s.writtenAt = d.at
	}
	clients := make(map[string]*entry, len(d.clients))
	for id, told := range d.clients {
		client := &entry{told: told, since: s.number}
		if before, known := s.clients[id]; known {
			client.usedOn = before.usedOn
			if before.told == told {
				client = before
			}
		}
		clients[id] = client
	}
	s.clients, s.begin, s.leftOut = clients, d.begin, map[string]bool{}
	for _, id := range d.leftOut {
		s.leftOut[id] = true
	}
}

// due is when the document may be written again. One with many clients waits for more of
// them: what it takes to write it grows with each.
func (s *shard) due() time.Time {
	const few, each = 64, 10 * time.Millisecond
	if s.number == 0 || len(s.clients) <= few {
		return time.Time{}
	}
	return s.writtenAt.Add(time.Duration(len(s.clients)) * each)
}

// begins is when the first client begins that is not in the document yet, zero for none.
func (s *shard) begins() (first time.Time) {
	for _, at := range s.begin {
		first = requeue.Soonest(first, at)
	}
	return first
}

// begun has the document looked at when a client has begun that is not in it yet.
func (s *shard) begun(now time.Time) {
	waiting := len(s.begin)
	maps.DeleteFunc(s.begin, func(_ string, at time.Time) bool { return !at.After(now) })
	s.dirty = s.dirty || len(s.begin) < waiting
}

// awaitsKey reports whether a client waits for a key.
func (s *shard) awaitsKey() bool {
	for _, client := range s.clients {
		if client.key.waits {
			return true
		}
	}
	return false
}

// hasWorkloads reports whether a client is one of ServiceAccounts.
func (s *shard) hasWorkloads() bool {
	for _, client := range s.clients {
		if client.workload {
			return true
		}
	}
	return false
}

// lags reports whether some pod does not run the document.
func (s *shard) lags() bool { return s.everywhere < s.number }

// newest is the revision of the document, "" where there is none.
func (s *shard) newest() string {
	if len(s.revisions) == 0 {
		return ""
	}
	return s.revisions[len(s.revisions)-1]
}

// numberOf is the number of the last document of a revision, 0 for one that is not known.
func (s *shard) numberOf(revision string) int {
	for i := len(s.revisions) - 1; i >= 0; i-- {
		if s.revisions[i] == revision {
			return s.number - (len(s.revisions) - 1 - i)
		}
	}
	return 0
}

// hear takes note of what pods say of the document of number n.
func (s *shard) hear(n int, pods []podstatus.Pod, now time.Time) {
	if s.number == 0 {
		return
	}
	s.advance(pods, now, func(r realmconfig.Report) string { return r.ClientRevisions[n] })
	refused := map[string]string{}
	for _, pod := range pods {
		maps.Copy(refused, pod.Report.ClientProblems)
		if problem := pod.Report.ClientDocumentProblems[n]; problem != "" && s.lags() {
			s.spread(problem, refused)
		}
		s.hearUse(n, pod.Report)
	}
	maps.DeleteFunc(refused, func(id, _ string) bool { return s.clients[id] == nil })
	s.news = s.news || !maps.Equal(refused, s.refused)
	s.refused = refused
}

// advance takes note of how far every pod has come, which says in its report which revision
// it runs.
func (s *shard) advance(pods []podstatus.Pod, now time.Time, revision func(realmconfig.Report) string) {
	everywhere, counted := s.number, false
	if now.Before(s.writtenAt.Add(rotation.FreshMount)) {
		everywhere-- // pods that are being started may have mounted the one before
	}
	for _, pod := range pods {
		if run, counts := s.runBy(pod, now, revision); counts {
			everywhere, counted = min(everywhere, run), true
		}
	}
	if counted && everywhere > s.everywhere {
		s.everywhere, s.news = everywhere, true
	}
}

// runBy is the number of the document that a pod runs, 0 for none, and whether it counts:
// one that no node runs yet is given the newest.
func (s *shard) runBy(pod podstatus.Pod, now time.Time, revision func(realmconfig.Report) string) (number int, counts bool) {
	switch {
	case pod.Answered:
		return s.numberOf(revision(pod.Report)), true
	case pod.Ready || pod.Running:
		return 0, true
	}
	return 0, pod.Scheduled && now.Before(s.writtenAt.Add(rotation.MountRefresh))
}

// spread says of each client that some pod does not know as it is what a pod has against the
// whole document.
func (s *shard) spread(problem string, refused map[string]string) {
	for id, client := range s.clients {
		if client.since > s.everywhere && refused[id] == "" {
			refused[id] = problem
		}
	}
}

// hearUse takes note of which clients a pod has seen, of which it tells while it runs this
// document.
func (s *shard) hearUse(n int, report realmconfig.Report) {
	if len(report.ClientUse) == 0 {
		return
	}
	var document realmconfig.ClientDocument
	for id := range s.clients {
		document.Clients = append(document.Clients, realmconfig.Client{ID: id})
	}
	used, older := report.ClientsLastUsed(document, n, s.newest())
	for id, client := range s.clients {
		if used[id] > client.usedOn || older[id] > client.olderUsedOn {
			client.usedOn, client.olderUsedOn, s.news = max(client.usedOn, used[id]), max(client.olderUsedOn, older[id]), true
		}
	}
}

func (s *shard) view(id string) view {
	v := view{refused: s.refused[id], begins: s.begin[id]}
	switch {
	case s.failure != nil:
		v.reason, v.message = s.failure.Reason, s.failure.Message
	case s.leftOut[id]:
		v.reason, v.message = v1alpha1.ReasonNoRoom, noRoom
	}
	if client, found := s.clients[id]; found {
		v.uptake = attached.Uptake{Revision: client.revision, Everywhere: client.since <= s.everywhere}
		v.key, v.usedOn, v.olderUsedOn = client.key, client.usedOn, client.olderUsedOn
	}
	return v
}

const noRoom = "The realm has no room for another client of this size: name fewer or shorter URLs, or use a second realm"
