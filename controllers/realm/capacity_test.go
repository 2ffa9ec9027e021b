// SPDX-License-Identifier: Apache-2.0

package realm

import (
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
	for name, c := range map[string]struct {
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
		for _, rate := range c.rates {
			pods = append(pods, podstatus.Pod{Answered: true, Report: realmconfig.Report{HashesPerSecond: rate}})
		}
		pods = append(pods, podstatus.Pod{Name: "silent"})
		if got := capacityOf(c.before, pods); got != c.want {
			t.Errorf("%s: capacity is %+v, want %+v", name, got, c.want)
		}
	}
}
