// SPDX-License-Identifier: Apache-2.0

package metrics

import "github.com/prometheus/client_golang/prometheus"

func newLimited() *prometheus.CounterVec {
	return prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "realmkeeper_rate_limited_total", Help: "Requests refused because their source sent too many, by route.",
	}, []string{"route"})
}

// Limited counts a request of a source that has sent too many.
func (m *Metrics) Limited(route string) { m.limited.WithLabelValues(route).Inc() }
