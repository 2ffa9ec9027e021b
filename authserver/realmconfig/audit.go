// SPDX-License-Identifier: Apache-2.0

package realmconfig

import "time"

// Audit says how long what happened is remembered.
type Audit struct {
	// Retention is how long an audit line is kept: 24h to 87600h, which is ten
	// years, 2160h by default.
	Retention Duration `json:"retention"`
}

func (a Audit) validate(p *problems) {
	p.duration("audit.retention", a.Retention, 24*time.Hour, 10*365*24*time.Hour)
}
