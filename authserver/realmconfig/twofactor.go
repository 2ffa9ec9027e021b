// SPDX-License-Identifier: Apache-2.0

package realmconfig

import "time"

// TwoFactor says how second factors behave.
type TwoFactor struct {
	// Label is the realm's name in an authenticator app, in 1 to 64 bytes; the
	// realm's own name by default.
	Label string `json:"label"`
	// Failures is how many wrong codes in a row refuse further ones for Duration,
	// apart from the failures of passwords: 1 to 100, 5 by default.
	Failures int `json:"failures"`
	// Duration is how long codes are refused then: 1s to 24h, 15m by default.
	Duration Duration `json:"duration"`
	// ChallengeLifetime is how long a login may wait for its code: 1m to 1h, 5m by
	// default.
	ChallengeLifetime Duration `json:"challengeLifetime"`
	// Required is nil where nobody must have a second factor.
	Required *RequiredFactors `json:"required,omitempty"`
}

func (t TwoFactor) validate(p *problems) {
	p.check(t.Label != "" && len(t.Label) <= 64, "twoFactor.label: must be 1 to 64 bytes")
	p.number("twoFactor.failures", t.Failures, 1, 100)
	p.duration("twoFactor.duration", t.Duration, time.Second, 24*time.Hour)
	p.duration("twoFactor.challengeLifetime", t.ChallengeLifetime, time.Minute, time.Hour)
	if t.Required != nil {
		t.Required.validate(p)
	}
}
