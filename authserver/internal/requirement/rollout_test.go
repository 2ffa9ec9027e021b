// SPDX-License-Identifier: Apache-2.0

package requirement

import (
	"testing"
	"time"

	"github.com/realmkeeper/realmkeeper/authserver/realmconfig"
)

func TestWhatBecomesOfSomebodyWhoDoesNotMeetARequirement(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 11, 30, 12, 0, 0, 0, time.UTC)
	ago := func(d time.Duration) *time.Time { at := now.Add(-d); return &at }
	const day = 24 * time.Hour
	for name, c := range map[string]struct {
		enforcement realmconfig.Enforcement
		grace       time.Duration
		progress    Progress
		want        verdict
	}{
		"observed":                             {realmconfig.Observe, day, Progress{}, pass},
		"observed, reached before":             {realmconfig.Observe, day, Progress{ReachedAt: ago(day)}, pass},
		"of no enforcement at all":             {"", day, Progress{ToldAt: ago(2 * day)}, pass},
		"warned for the first time":            {realmconfig.Warn, day, Progress{}, tell},
		"warned when the date is over":         {realmconfig.Warn, day, Progress{ToldAt: ago(2 * day)}, tell},
		"warned, reached before":               {realmconfig.Warn, day, Progress{ToldAt: ago(3 * day), ReachedAt: ago(day)}, tell},
		"enforced, never told":                 {realmconfig.Enforce, day, Progress{}, tell},
		"enforced, a moment before the date":   {realmconfig.Enforce, day, Progress{ToldAt: ago(day - 1)}, tell},
		"enforced, at the date":                {realmconfig.Enforce, day, Progress{ToldAt: ago(day)}, reach},
		"enforced without a grace period":      {realmconfig.Enforce, 0, Progress{}, reach},
		"a grace period that was shortened":    {realmconfig.Enforce, time.Hour, Progress{ToldAt: ago(2 * time.Hour), DueAt: ago(-day)}, reach},
		"a grace period that was made longer":  {realmconfig.Enforce, 3 * day, Progress{ToldAt: ago(2 * day), DueAt: ago(day)}, tell},
		"reached, and not met since":           {realmconfig.Enforce, day, Progress{ToldAt: ago(3 * day), ReachedAt: ago(day)}, stop},
		"reached, with a longer grace period":  {realmconfig.Enforce, 9 * day, Progress{ToldAt: ago(3 * day), ReachedAt: ago(day)}, stop},
		"met before, told long ago":            {realmconfig.Enforce, day, Progress{ToldAt: ago(9 * day), ReachedAt: ago(8 * day), MetAt: ago(7 * day)}, reachAgain},
		"met within the grace period and lost": {realmconfig.Enforce, 9 * day, Progress{ToldAt: ago(2 * day), MetAt: ago(day)}, reachAgain},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := Rollout{Enforcement: c.enforcement, GracePeriod: c.grace, MaxBlocked: 20}
			if got := r.judge(c.progress, now); got != c.want {
				t.Errorf("is %d, want %d", got, c.want)
			}
		})
	}
}

func TestTheLargestGroupsAreTold(t *testing.T) {
	t.Parallel()
	byGroup := map[string]int{}
	for i := range 30 {
		byGroup[string(rune('a'+i))] = i / 2
	}
	list := largest(byGroup)
	if len(list) != realmconfig.MaxGroupsReported || list[0].Group != "}" || list[0].Without != 14 || list[1].Group != "~" {
		t.Errorf("tells of %v", list)
	}
}
