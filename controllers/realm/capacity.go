// SPDX-License-Identifier: Apache-2.0

package realm

import (
	"math"
	"strconv"

	"github.com/realmkeeper/realmkeeper/api/v1alpha1"
	"github.com/realmkeeper/realmkeeper/authserver/realmconfig"
	"github.com/realmkeeper/realmkeeper/controllers/internal/podstatus"
)

// noticeable is the least change of capacity, as a part of it, that is told.
// What pods measure moves all the time, and a status must not.
const noticeable = 0.1

// capacityOf adds up what the pods can do. It stays what it was before while
// the same number of pods can do about the same.
func capacityOf(before v1alpha1.CapacityStatus, pods []podstatus.Pod) v1alpha1.CapacityStatus {
	var sum float64
	var measured int32
	nodes := map[string]node{}
	for _, p := range pods {
		if p.Answered && isRate(p.Report.HashesPerSecond) {
			nodes[p.Node], measured = nodes[p.Node].with(p.Report), measured+1
		}
	}
	for _, n := range nodes {
		sum += n.rate()
	}
	if measured == 0 {
		return v1alpha1.CapacityStatus{}
	}
	told, err := strconv.ParseFloat(before.LoginsPerSecond, 64)
	if err == nil && before.Pods == measured && math.Abs(sum-told) < noticeable*told {
		return before
	}
	return v1alpha1.CapacityStatus{LoginsPerSecond: decimal(sum), Pods: measured}
}

// node is what the pods of one say, in hashes per second. Each of them has measured
// all cores that it may use, and another pod may use the same ones.
type node struct {
	sum, fastest float64
	all          float64 // of its cores; zero when no pod knows
}

func (n node) with(r realmconfig.Report) node {
	n.sum, n.fastest = n.sum+r.HashesPerSecond, max(n.fastest, r.HashesPerSecond)
	if isRate(r.NodeHashesPerSecond) {
		n.all = max(n.all, r.NodeHashesPerSecond)
	}
	return n
}

// rate is what the pods can do together: where nobody knows how many cores they
// share, what one of them can do alone.
func (n node) rate() float64 {
	if n.all == 0 {
		return n.fastest
	}
	return min(n.sum, max(n.all, n.fastest))
}

func isRate(r float64) bool { return r > 0 && !math.IsInf(r, 1) }

// decimal writes a number with the three digits that are worth reading.
func decimal(n float64) string {
	switch {
	case n >= 100:
		return strconv.FormatFloat(n, 'f', 0, 64)
	case n >= 10:
		return strconv.FormatFloat(n, 'f', 1, 64)
	}
	return strconv.FormatFloat(n, 'f', 2, 64)
}
