// SPDX-License-Identifier: Apache-2.0

package metrics

import "github.com/prometheus/client_golang/prometheus"

// passkeys implements passkey.Observer.
type passkeys struct {
	ceremonies *prometheus.CounterVec
	clones     prometheus.Counter
}

func newPasskeys() passkeys {
	return passkeys{
		prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "realmkeeper_passkeys_total",
			Help: "Answers of authenticators, by ceremony (registration, sign_in, second_factor or proof) and outcome.",
		}, []string{"ceremony", "outcome"}),
		prometheus.NewCounter(prometheus.CounterOpts{
			Name: "realmkeeper_passkey_clones_suspected_total",
			Help: "Passkeys whose signature counter went back, as that of a copy may.",
		}),
	}
}

func (p passkeys) collectors() []prometheus.Collector {
	return []prometheus.Collector{p.ceremonies, p.clones}
}

// Passkey implements passkey.Observer.
func (p passkeys) Passkey(ceremony, outcome string) {
	p.ceremonies.WithLabelValues(ceremony, outcome).Inc()
}

// CloneSuspected implements passkey.Observer.
func (p passkeys) CloneSuspected() { p.clones.Inc() }
