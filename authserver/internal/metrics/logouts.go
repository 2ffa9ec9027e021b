// SPDX-License-Identifier: Apache-2.0

package metrics

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// logouts counts what clients are told of sign-outs. It implements backchannel.Observer.
type logouts struct {
	tries           *prometheus.CounterVec
	waiting, oldest prometheus.Gauge
}

func newLogouts() logouts {
	return logouts{
		tries: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "realmkeeper_client_logouts_total",
			Help: "Tries to tell a client that a session has ended, by outcome: delivered, postponed, refused, abandoned or unwanted.",
		}, []string{"outcome"}),
		waiting: prometheus.NewGauge(prometheus.GaugeOpts{
			Name: "realmkeeper_client_logouts_waiting",
			Help: "Ends of sessions that clients of the realm have not been told of yet, estimated beyond 10000; every pod says the same.",
		}),
		oldest: prometheus.NewGauge(prometheus.GaugeOpts{
			Name: "realmkeeper_client_logouts_oldest_seconds", Help: "How long the oldest of them has waited; 0 when none does.",
		}),
	}
}

func (l logouts) collectors() []prometheus.Collector {
	return []prometheus.Collector{l.tries, l.waiting, l.oldest}
}

// Logouts implements backchannel.Observer.
func (l logouts) Logouts(outcome string, n int) { l.tries.WithLabelValues(outcome).Add(float64(n)) }

// LogoutBacklog implements backchannel.Observer.
func (l logouts) LogoutBacklog(waiting int, oldest time.Duration) {
	l.waiting.Set(float64(waiting))
	l.oldest.Set(oldest.Seconds())
}
