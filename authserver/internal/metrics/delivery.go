// SPDX-License-Identifier: Apache-2.0

package metrics

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// delivery counts mails and text messages. It implements notify.Observer.
type delivery struct {
	messages  *prometheus.CounterVec
	durations *prometheus.HistogramVec
	waiting   prometheus.Gauge
	oldest    prometheus.Gauge
}

func newDelivery() delivery {
	return delivery{
		messages: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "realmkeeper_messages_total",
			Help: "Attempts to deliver a message, by channel, kind and outcome: delivered, postponed or abandoned.",
		}, []string{"channel", "kind", "outcome"}),
		durations: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "realmkeeper_message_delivery_seconds", Help: "Time from a message's cause until it was handed over, by channel.",
			Buckets: []float64{.01, .025, .05, .1, .25, .5, 1, 2, 5, 15, 60, 300, 1800, 7200, 43200},
		}, []string{"channel"}),
		waiting: prometheus.NewGauge(prometheus.GaugeOpts{
			Name: "realmkeeper_messages_waiting", Help: "Messages of the realm that are not delivered yet, estimated beyond 10000; every pod says the same.",
		}),
		oldest: prometheus.NewGauge(prometheus.GaugeOpts{
			Name: "realmkeeper_messages_oldest_seconds", Help: "How long the oldest of them has waited; 0 when none does.",
		}),
	}
}

func (d delivery) collectors() []prometheus.Collector {
	return []prometheus.Collector{d.messages, d.durations, d.waiting, d.oldest}
}

// Message implements notify.Observer.
func (d delivery) Message(channel, kind, outcome string) {
	d.messages.WithLabelValues(channel, kind, outcome).Inc()
}

// Delivered implements notify.Observer.
func (d delivery) Delivered(channel string, took time.Duration) {
	d.durations.WithLabelValues(channel).Observe(took.Seconds())
}

// Backlog implements notify.Observer.
func (d delivery) Backlog(messages int, oldest time.Duration) {
	d.waiting.Set(float64(messages))
	d.oldest.Set(oldest.Seconds())
}
