// SPDX-License-Identifier: Apache-2.0

// Package metrics counts what a realm's server does. Labels have few values:
// routes and outcomes, never users, addresses or paths.
package metrics

import (
	"net/http"
	"strconv"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/realmkeeper/realmkeeper/authserver/internal/auth"
)

// Metrics is one server's counters, in a registry of its own.
type Metrics struct {
	registry  *prometheus.Registry
	requests  *prometheus.CounterVec
	durations *prometheus.HistogramVec
	logins    *prometheus.CounterVec
	refreshes *prometheus.CounterVec
	lockouts  *prometheus.CounterVec
	devices   prometheus.Counter
	providers *prometheus.CounterVec
	factors   *prometheus.CounterVec
	limited   *prometheus.CounterVec
	clients   *prometheus.CounterVec
	awaited   *prometheus.CounterVec
	leftOut   *prometheus.CounterVec

	registrations *prometheus.CounterVec
	delivery
	logouts
	passkeys
	requirements
}

// New returns counters at zero.
func New() *Metrics {
	m := &Metrics{
		registry: prometheus.NewRegistry(),
		requests: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "realmkeeper_http_requests_total", Help: "Requests answered, by route and status.",
		}, []string{"route", "status"}),
		durations: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "realmkeeper_http_request_duration_seconds", Help: "Time to answer a request, by route.",
			Buckets: []float64{.001, .0025, .005, .01, .025, .05, .1, .2, .35, .5, 1, 2.5, 5},
		}, []string{"route"}),
		logins: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "realmkeeper_logins_total", Help: "Login attempts, by outcome.",
		}, []string{"outcome"}),
		refreshes: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "realmkeeper_refreshes_total",
			Help: "Refresh attempts, by outcome; reuse and reuse_of_ended_session mean a copied token.",
		}, []string{"outcome"}),
		lockouts: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "realmkeeper_lockouts_total", Help: "Locks after too many wrong guesses, by what they were counted by.",
		}, []string{"by"}),
		devices: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "realmkeeper_known_device_logins_total",
			Help: "Login attempts of devices that have logged in before, which strangers' guesses do not lock out.",
		}),
		providers: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "realmkeeper_provider_sign_ins_total", Help: "Sign-ins that came back from an identity provider, by its name and outcome.",
		}, []string{"provider", "outcome"}),
		factors: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "realmkeeper_second_factors_total", Help: "Codes of second factors that were checked, by method and outcome.",
		}, []string{"method", "outcome"}),
		delivery: newDelivery(), logouts: newLogouts(), passkeys: newPasskeys(), requirements: newRequirements(), limited: newLimited(), clients: newClientTokens(), awaited: newDeviceRequests(), leftOut: newClaimsLeftOut(),
		registrations: newRegistrations(),
	}
	m.registry.MustRegister(m.delivery.collectors()...)
	m.registry.MustRegister(m.logouts.collectors()...)
	m.registry.MustRegister(m.passkeys.collectors()...)
	m.registry.MustRegister(m.requirements.collectors()...)
	m.registry.MustRegister(m.limited, m.clients, m.awaited, m.leftOut, m.registrations)
	m.registry.MustRegister(m.requests, m.durations, m.logins, m.refreshes, m.lockouts, m.devices, m.providers, m.factors,
		collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	return m
}

// Request counts an answered request. The route is a pattern, not a path.
func (m *Metrics) Request(route string, status int, took time.Duration) {
	m.requests.WithLabelValues(route, strconv.Itoa(status)).Inc()
	m.durations.WithLabelValues(route).Observe(took.Seconds())
}

// Login implements signin.Observer.
func (m *Metrics) Login(outcome string) { m.logins.WithLabelValues(outcome).Inc() }

// Refresh implements session.Observer.
func (m *Metrics) Refresh(outcome string) { m.refreshes.WithLabelValues(outcome).Inc() }

// Provider implements federation.Observer.
func (m *Metrics) Provider(name, outcome string) { m.providers.WithLabelValues(name, outcome).Inc() }

// Lockout implements attempts.Observer.
func (m *Metrics) Lockout(by auth.CounterKind) { m.lockouts.WithLabelValues(string(by)).Inc() }

// KnownDevice implements attempts.Observer.
func (m *Metrics) KnownDevice() { m.devices.Inc() }

// SecondFactor implements mfa.Observer.
func (m *Metrics) SecondFactor(method auth.Method, outcome string) {
	m.factors.WithLabelValues(string(method), outcome).Inc()
}

// Gauge shows a value that is read when asked for.
func (m *Metrics) Gauge(name, help string, read func() float64) {
	m.registry.MustRegister(prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: "realmkeeper_" + name, Help: help}, read))
}

// Counter shows a total, kept elsewhere, that is read when asked for.
func (m *Metrics) Counter(name, help string, read func() float64) {
	m.registry.MustRegister(prometheus.NewCounterFunc(prometheus.CounterOpts{Name: "realmkeeper_" + name, Help: help}, read))
}

// Handler serves the counters in the Prometheus text format.
func (m *Metrics) Handler() http.Handler {
	return promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{})
}
