// SPDX-License-Identifier: Apache-2.0

package realmconfig

import "net/url"

// Tracing says where traces go and how many of them are kept.
type Tracing struct {
	// Endpoint is the base URL of a collector that takes OTLP over HTTP, such as
	// http://otel-collector.observability:4318; traces are posted to v1/traces
	// below it.
	Endpoint string `json:"endpoint"`
	// SamplePercent is how many of a hundred traces are kept: 0 to 100, 100 by
	// default. A trace that began elsewhere is kept or not as its traceparent says.
	SamplePercent int `json:"samplePercent"`
	// AllowPrivateNetworks lets the endpoint be in private address ranges; it
	// may not by default.
	AllowPrivateNetworks bool `json:"allowPrivateNetworks,omitempty"`
}

func (t Tracing) validate(p *problems) {
	u, err := url.Parse(t.Endpoint)
	p.check(err == nil && isHTTP(t.Endpoint) && u.User == nil && u.RawQuery == "" && u.Fragment == "",
		"tracing.endpoint: must be a URL without user, query or fragment")
	p.number("tracing.samplePercent", t.SamplePercent, 0, 100)
}
