// SPDX-License-Identifier: Apache-2.0

package metrics

import "github.com/prometheus/client_golang/prometheus"

func newRegistrations() *prometheus.CounterVec {
	return prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "realmkeeper_client_registrations_total",
		Help: "Clients that nobody declares and that want to be taken in, by how they come, registration or document, and outcome.",
	}, []string{"origin", "outcome"})
}

// ClientTaken implements registrar.Observer.
func (m *Metrics) ClientTaken(origin, outcome string) {
	m.registrations.WithLabelValues(origin, outcome).Inc()
}
