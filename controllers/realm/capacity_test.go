// SPDX-License-Identifier: Apache-2.0

package realm

import (
	"fmt"
	"math"
	"testing"

	"github.com/realmkeeper/realmkeeper/api/v1alpha1"
	"github.com/realmkeeper/realmkeeper/authserver/realmconfig"
	"github.com/realmkeeper/realmkeeper/controllers/internal/podstatus"
)

func TestCapacityMovesOnlyNoticeably(t *testing.T) {
	t.Parallel()
	none := v1alpha1.CapacityStatus{}
	told := func(rate string, pods int32) v1alpha1.CapacityStatus {
		return v1alpha1.CapacityStatus{LoginsPerSecond: rate, Pods: pods}
	}
	for name, c := range map[string]struct { // each pod on a node of its own
		before v1alpha1.CapacityStatus
		rates  []float64
		want   v1alpha1.CapacityStatus
	}{
		"pods that have not measured yet":    {none, []float64{0, 0}, none},
		"a first pod":                        {none, []float64{21.37, 0}, told("21.4", 1)},
		"a second pod":                       {told("21.4", 1), []float64{21, 20}, told("41.0", 2)},
		"about the same":                     {told("41.0", 2), []float64{19, 18.5}, told("41.0", 2)},
		"a tenth less":                       {told("41.0", 2), []float64{18, 18}, told("36.0", 2)},
		"many":                               {told("41.0", 2), []float64{512.4, 511}, told("1023", 2)},
		"slow ones":                          {none, []float64{1.234}, told("1.23", 1)},
		"pods that are gone":                 {told("41.0", 2), nil, none},
		"what is no number is told anew":     {told("NaN", 1), []float64{5}, told("5.00", 1)},
		"a pod that measures what is not so": {none, []float64{math.Inf(1), 4}, told("4.00", 1)},
	} {
		var pods []podstatus.Pod
		for i, rate := range c.rates {
			pods = append(pods, pod(fmt.Sprint("node-", i), rate, 0))
		}
		pods = append(pods, podstatus.Pod{Name: "silent"})
		if got := capacityOf(c.before, pods); got != c.want {
			t.Errorf("%s: capacity is %+v, want %+v", name, got, c.want)
		}
	}
}

func pod(node string, rate, ofNode float64) podstatus.Pod {
	return podstatus.Pod{Node: node, Answered: true, Report: realmconfig.Report{HashesPerSecond: rate, NodeHashesPerSecond: ofNode}}
}

// Two cores do forty logins in a second, however many pods they are counted by.
func TestPodsOfOneNodeShareItsCores(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		pods []podstatus.Pod
		want string
	}{
		"a pod with all cores":                         {[]podstatus.Pod{pod("a", 43.9, 43.9)}, "43.9"},
		"two with all cores":                           {[]podstatus.Pod{pod("a", 43.9, 43.8), pod("a", 43.9, 43.9)}, "43.9"},
		"two that have met there":                      {[]podstatus.Pod{pod("a", 21, 43.9), pod("a", 22, 43.9)}, "43.0"},
		"two with a core each of eight":                {[]podstatus.Pod{pod("a", 20, 160), pod("a", 20, 160)}, "40.0"},
		"on two nodes, of which one is quick":          {[]podstatus.Pod{pod("a", 40, 40), pod("b", 80, 80), pod("a", 40, 40)}, "120"},
		"of a release that does not know its node":     {[]podstatus.Pod{pod("a", 40, 0), pod("a", 39, 0)}, "40.0"},
		"of two releases":                              {[]podstatus.Pod{pod("a", 40, 0), pod("a", 40, 41)}, "41.0"},
		"that measure on their node what is not so":    {[]podstatus.Pod{pod("a", 40, math.Inf(1)), pod("a", 40, -1)}, "40.0"},
		"that were slow to start, and then are faster": {[]podstatus.Pod{pod("a", 40, 30)}, "40.0"},
	} {
		want := v1alpha1.CapacityStatus{LoginsPerSecond: c.want, Pods: int32(len(c.pods))}
		if got := capacityOf(v1alpha1.CapacityStatus{}, c.pods); got != want {
			t.Errorf("%s: capacity is %+v, want %+v", name, got, want)
		}
	}
}
