// SPDX-License-Identifier: Apache-2.0

package realmconfig

import "time"

// Promise bounds for how long something was given out. What pods gave out before
// a setting was lowered holds longer than the setting says.
type Promise struct {
	// Longest is the longest duration that any pod may be giving out.
	Longest Duration `json:"longest"`

	// Earlier is what Longest was until ReplacedAt, from when on no pod gave out
	// anything so long any more; nil when nothing was replaced.
	Earlier    Duration   `json:"earlier,omitempty"`
	ReplacedAt *time.Time `json:"replacedAt,omitempty"`
}

// Kept is when everything that was given out until a time is over.
func (p Promise) Kept(until time.Time) time.Time {
	longest := time.Duration(p.Longest)
	kept := until.Add(longest)
	if p.ReplacedAt == nil {
		return kept
	}
	earlier := time.Duration(p.Earlier)
	if until.Before(*p.ReplacedAt) {
		return until.Add(max(earlier, longest))
	}
	if before := p.ReplacedAt.Add(earlier); before.After(kept) {
		return before
	}
	return kept
}
