// SPDX-License-Identifier: Apache-2.0

package realm

import (
	"math"
	"strconv"

	"github.com/realmkeeper/realmkeeper/api/v1alpha1"
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
	for _, p := range pods {
		if rate := p.Report.HashesPerSecond; p.Answered && rate > 0 && !math.IsInf(rate, 1) {
			sum, measured = sum+rate, measured+1
		}
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
