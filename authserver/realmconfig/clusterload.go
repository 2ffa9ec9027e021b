// SPDX-License-Identifier: Apache-2.0

package realmconfig

import (
	"errors"
	"io/fs"
	"path/filepath"
)

// clusters is what is in force of the document of clusters.
type clusters struct {
	// revision is of the document that was read last and is one, content of the file that
	// was looked at last.
	revision, content string
	byName            map[string]Cluster
	// problem says why a newer document is not in force.
	problem string
}

// loadClusters reads the document below dir. One that is absent or bad leaves the last good
// one in force.
func loadClusters(dir string, last clusters) clusters {
	data, err := readBounded(filepath.Join(dir, ClustersFile))
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
	document := ClusterDocument{}
	if err := Decode(data, &document); err != nil {
		last.content, last.problem = content, bounded(err)
		return last
	}
	next := clusters{revision: content, content: content, byName: map[string]Cluster{}}
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
