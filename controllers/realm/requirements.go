// SPDX-License-Identifier: Apache-2.0

package realm

import (
	"math"
	"slices"
	"time"

	"k8s.io/apimachinery/pkg/api/equality"

	"github.com/realmkeeper/realmkeeper/api/v1alpha1"
	"github.com/realmkeeper/realmkeeper/authserver/realmconfig"
	"github.com/realmkeeper/realmkeeper/controllers/internal/podstatus"
	"github.com/realmkeeper/realmkeeper/controllers/internal/render"
)

// requirement is something that a spec requires of people.
type requirement struct {
	name        v1alpha1.RequirementName
	field       string // of the spec
	lack        string // what is said of those who do not meet it
	enforcement realmconfig.Enforcement
	maxBlocked  int32
	groups      []string // that it names
}

// requirementsOf are those of a realm's spec, in the order of their names.
func requirementsOf(realm *v1alpha1.AuthRealm) []requirement {
	var all []requirement
	if r := render.RequiredFactors(realm); r != nil {
		all = append(all, requirement{
			name: v1alpha1.FactorsRequirement, field: "twoFactor.required", lack: "are without a second factor",
			enforcement: r.Enforcement, maxBlocked: count(r.MaxBlocked), groups: r.Groups,
		})
	}
	if e := render.ExistingPasswords(realm); e != nil {
		all = append(all, requirement{
			name: v1alpha1.PasswordsRequirement, field: "passwords.existing", lack: "have been seen with a password that today's rules refuse",
			enforcement: e.Enforcement, maxBlocked: count(e.MaxBlocked),
		})
	}
	return all
}

// requirementStatuses are the newest counts that pods tell. What nobody has counted yet is
// not among them.
func requirementStatuses(realm *v1alpha1.AuthRealm, st state) []v1alpha1.RequirementStatus {
	var all []v1alpha1.RequirementStatus
	for _, r := range requirementsOf(realm) {
		if newest, counted := r.newest(realm.Status.Requirements, st); counted {
			all = append(all, r.unlessTheSame(realm.Status.Requirements, r.bounded(newest)))
		}
	}
	return all
}

// newest is what pods have counted last. Who is stopped they ask anew in between: of two
// that tell of one count, the one that knows of more is the later, or soon hears of those
// who have come on. What was told before stands while no pod can be asked that runs the
// newest settings: one that does, and tells nothing, has not counted by them.
func (r requirement) newest(before []v1alpha1.RequirementStatus, st state) (newest v1alpha1.RequirementStatus, counted bool) {
	pods := slices.DeleteFunc(slices.Clone(st.pods), silent)
	current := slices.DeleteFunc(slices.Clone(pods), func(p podstatus.Pod) bool { return p.Report.ConfigRevision != st.want.config })
	if len(current) > 0 {
		pods = current
	}
	for _, p := range pods {
		report, found := p.Report.Requirements[string(r.name)]
		said := r.status(report, st.now)
		if !found || said.CountedAt.IsZero() {
			continue
		}
		if later := said.CountedAt.Compare(newest.CountedAt.Time); !counted || later > 0 || later == 0 && said.Blocked > newest.Blocked {
			newest, counted = said, true
		}
	}
	told, known := toldBefore(before, r.name)
	nobodyElse := !counted && len(current) == 0
	if known && (nobodyElse || counted && told.CountedAt.After(newest.CountedAt.Time)) {
		return told, true
	}
	return newest, counted
}

func toldBefore(before []v1alpha1.RequirementStatus, name v1alpha1.RequirementName) (v1alpha1.RequirementStatus, bool) {
	i := slices.IndexFunc(before, func(s v1alpha1.RequirementStatus) bool { return s.Name == name })
	if i < 0 {
		return v1alpha1.RequirementStatus{}, false
	}
	return *before[i].DeepCopy(), true
}

// status is a pod's count. A clock that is ahead of the operator's counts as now: the next
// count is no older.
func (r requirement) status(said realmconfig.RequirementReport, now time.Time) v1alpha1.RequirementStatus {
	s := v1alpha1.RequirementStatus{
		Name: r.name, Covered: count(said.Covered), Without: count(said.Without), Blocked: count(said.Blocked), Held: said.Held,
		EmptyGroups: said.EmptyGroups, CountedAt: wholeSecond(said.CountedAt),
	}
	if said.CountedAt.After(now) {
		s.CountedAt = wholeSecond(now)
	}
	for _, g := range said.ByGroup {
		if realmconfig.CheckGroupName(g.Group) == nil && len(s.ByGroup) < realmconfig.MaxGroupsReported {
			s.ByGroup = append(s.ByGroup, v1alpha1.GroupWithout{Group: g.Group, Without: count(g.Without)})
		}
	}
	return s
}

// bounded is a count as the spec of now has it, which pods may not have taken up: a
// requirement is held by Enforce alone, and by as many people as maxBlocked says.
func (r requirement) bounded(s v1alpha1.RequirementStatus) v1alpha1.RequirementStatus {
	s.Held = s.Held && r.enforcement == realmconfig.Enforce && s.Blocked >= r.maxBlocked
	s.EmptyGroups = slices.DeleteFunc(slices.Clone(s.EmptyGroups), func(g string) bool { return !slices.Contains(r.groups, g) })
	if s.Covered == 0 {
		s.EmptyGroups = slices.Clone(r.groups)
	}
	if len(s.EmptyGroups) == 0 {
		s.EmptyGroups = nil
	}
	return s
}

// countedAgain is how much newer a count must be to be told that says what the one before
// did. Pods count all the time, and a status must not move with them.
const countedAgain = time.Hour

func (r requirement) unlessTheSame(before []v1alpha1.RequirementStatus, s v1alpha1.RequirementStatus) v1alpha1.RequirementStatus {
	told, found := toldBefore(before, r.name)
	if !found || s.CountedAt.Sub(told.CountedAt.Time) >= countedAgain {
		return s
	}
	same := s
	same.CountedAt = told.CountedAt
	if equality.Semantic.DeepEqual(same, told) {
		return told
	}
	return s
}

// count is a number of people as a status holds it.
func count(n int) int32 { return int32(min(max(n, 0), math.MaxInt32)) }
