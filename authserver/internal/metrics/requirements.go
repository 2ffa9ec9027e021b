// SPDX-License-Identifier: Apache-2.0

package metrics

import (
	"github.com/prometheus/client_golang/prometheus"

	"github.com/realmkeeper/realmkeeper/authserver/realmconfig"
)

// requirements implements requirement.Observer.
type requirements struct {
	covered, without, blocked, held *prometheus.GaugeVec
}

func newRequirements() requirements {
	gauge := func(name, help string) *prometheus.GaugeVec {
		return prometheus.NewGaugeVec(prometheus.GaugeOpts{Name: "realmkeeper_requirement_" + name, Help: help}, []string{"requirement"})
	}
	return requirements{
		covered: gauge("covered", "People who must meet a requirement (factors or passwords), as counted last."),
		without: gauge("without", "Those among them who do not."),
		blocked: gauge("blocked", "People who are stopped at sign-in until they meet a requirement."),
		held:    gauge("held", "1 while as many are stopped as the realm allows: nobody further is."),
	}
}

func (r requirements) collectors() []prometheus.Collector {
	return []prometheus.Collector{r.covered, r.without, r.blocked, r.held}
}

// Requirement implements requirement.Observer.
func (r requirements) Requirement(kind string, report *realmconfig.RequirementReport) {
	gauges := []*prometheus.GaugeVec{r.covered, r.without, r.blocked, r.held}
	if report == nil {
		for _, g := range gauges {
			g.DeleteLabelValues(kind)
		}
		return
	}
	held := 0
	if report.Held {
		held = 1
	}
	for i, value := range []int{report.Covered, report.Without, report.Blocked, held} {
		gauges[i].WithLabelValues(kind).Set(float64(value))
	}
}
