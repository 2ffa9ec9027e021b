// SPDX-License-Identifier: Apache-2.0

package realmconfig

import "path/filepath"

// clusters is what is in force of the document of clusters.
type clusters struct {
	followed
	byName map[string]Cluster
}

// loadClusters reads the document below dir. One that is absent or bad leaves the last good
// one in force.
func loadClusters(dir string, last clusters) clusters {
	data, seen := last.look(filepath.Join(dir, ClustersFile))
	last.followed = seen
	if data == nil {
		return last
	}
	document := ClusterDocument{}
	if err := Decode(data, &document); err != nil {
		last.problem = bounded(err)
		return last
	}
	next := clusters{followed: seen.inForce(), byName: map[string]Cluster{}}
	for _, c := range document.Clusters {
		next.byName[c.Name] = c
	}
	return next
}

// Cluster returns the cluster of a name, the empty one for that which the operator runs in.
// The caller changes nothing of it.
func (s *ClientSet) Cluster(name string) (Cluster, bool) {
	if s == nil {
		return Cluster{}, false
	}
	c, found := s.clusters.byName[name]
	return c, found
}
