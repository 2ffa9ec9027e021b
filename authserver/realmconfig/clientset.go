// SPDX-License-Identifier: Apache-2.0

package realmconfig

import (
	"cmp"
	"iter"
	"maps"
	"slices"
	"time"
)

// ClientSet is the realm's clients as they are in force, of all shards, and the clusters
// whose workloads may be clients. It is immutable, and nil is one without clients.
type ClientSet struct {
	shards   [ClientShards]clientShard
	clients  map[string]Client
	ended    map[string]time.Time
	clusters clusters
	// resources are the ids of those that declare a ProtectedResource, by that; see
	// ResourceServer.
	resources map[string]string

	// longestToken is the longest lifetime of any token of theirs, algorithms are those
	// by which they have ID tokens signed, in order.
	longestToken Duration
	algorithms   []Algorithm
}

// Find returns the client of an id. The caller changes nothing of it.
func (s *ClientSet) Find(id string) (Client, bool) {
	if s == nil {
		return Client{}, false
	}
	c, found := s.clients[id]
	return c, found
}

// Len is how many clients there are.
func (s *ClientSet) Len() int {
	if s == nil {
		return 0
	}
	return len(s.clients)
}

// All are the clients in no order.
func (s *ClientSet) All() iter.Seq[Client] {
	if s == nil {
		return func(func(Client) bool) {}
	}
	return maps.Values(s.clients)
}

// GrantsSince is when the oldest grant of a client that is not over can have begun:
// the client's Since, or the time at which one of that id ended, whichever is later.
// It is the zero time for an id of which nothing is known, whose grants stay as they
// are although nobody can use them.
func (s *ClientSet) GrantsSince(id string) time.Time {
	if s == nil {
		return time.Time{}
	}
	since, ended := s.clients[id].Since, s.ended[id]
	if ended.After(since) {
		return ended
	}
	return since
}

// Ended are the clients that are no more, with the time before which their grants
// began.
func (s *ClientSet) Ended() iter.Seq2[string, time.Time] {
	if s == nil {
		return func(func(string, time.Time) bool) {}
	}
	return maps.All(s.ended)
}

// ReportTo says in r which documents are in force, and why others are not.
func (s *ClientSet) ReportTo(r *Report) {
	if s == nil {
		return
	}
	r.ClustersRevision, r.ClustersProblem = s.clusters.revision, s.clusters.problem
	r.ClientRevisions, r.ClientDocumentProblems, r.ClientProblems = map[int]string{}, map[int]string{}, map[string]string{}
	for n, shard := range s.shards {
		if shard.revision != "" {
			r.ClientRevisions[n] = shard.revision
		}
		if shard.problem != "" {
			r.ClientDocumentProblems[n] = shard.problem
		}
		problems := s.problemsIn(shard)
		for _, id := range slices.Sorted(maps.Keys(problems)) {
			if len(r.ClientProblems) == MaxClientProblems {
				r.ClientDocumentProblems[n] = cmp.Or(shard.problem, "has more bad clients than are named")
				break
			}
			r.ClientProblems[id] = problems[id]
		}
	}
}

// problemsIn are why clients of a document are not in force as it has them, by their ids.
func (s *ClientSet) problemsIn(shard clientShard) map[string]string {
	problems := map[string]string{}
	for _, client := range shard.clients {
		if problem := s.resourceProblem(s.clients[client.ID]); problem != "" {
			problems[client.ID] = problem
		}
	}
	maps.Copy(problems, shard.refused)
	return problems
}
