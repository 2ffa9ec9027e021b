// SPDX-License-Identifier: Apache-2.0

package metrics

import "github.com/prometheus/client_golang/prometheus"

func newClientTokens() *prometheus.CounterVec {
	return prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "realmkeeper_client_tokens_total",
		Help: "Requests of clients for tokens, by grant type and outcome; without a grant type, of clients that have not shown who they are.",
	}, []string{"grant", "outcome"})
}

func newDeviceRequests() *prometheus.CounterVec {
	return prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "realmkeeper_device_requests_total",
		Help: "Devices that want to be let in by a code that somebody types, by what became of them: requested, allowed, denied or wrong_code.",
	}, []string{"outcome"})
}

func newClaimsLeftOut() *prometheus.CounterVec {
	return prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "realmkeeper_claims_left_out_total",
		Help: "Claims of a realm or a client that could not be said of somebody, by why: failed, too_costly or too_large.",
	}, []string{"why"})
}

// ClaimLeftOut implements oidc.Observer.
func (m *Metrics) ClaimLeftOut(why string) { m.leftOut.WithLabelValues(why).Inc() }

// Device implements oidc.Observer.
func (m *Metrics) Device(outcome string) { m.awaited.WithLabelValues(outcome).Inc() }

// ClientToken implements oidc.Observer.
func (m *Metrics) ClientToken(grant, outcome string) { m.clients.WithLabelValues(grant, outcome).Inc() }
