// SPDX-License-Identifier: Apache-2.0

package realm

import (
	"fmt"
	"slices"
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/realmkeeper/realmkeeper/api/v1alpha1"
	"github.com/realmkeeper/realmkeeper/authserver/realmconfig"
	"github.com/realmkeeper/realmkeeper/controllers/internal/conditions"
)

// requirementsInForce says whether the requirements of the spec go as far as it says, and
// what they do. It is no part of Ready: sign-ins work, and whoever keeps many people from
// meeting a requirement must not make the realm look down.
func requirementsInForce(realm *v1alpha1.AuthRealm, st state) metav1.Condition {
	const kind = v1alpha1.RequirementsInForceCondition
	all, counts := requirementsOf(realm), requirementStatuses(realm, st)
	if len(all) == 0 {
		return conditions.True(kind, v1alpha1.ReasonNotRequired, "Neither twoFactor.required nor passwords.existing asks anything of anybody")
	}
	if st.podsUnknown != nil {
		return st.podsUnknown.Unknown(kind)
	}
	found := map[string][]string{}
	for _, r := range all {
		reason, message := r.judge(counts)
		found[reason] = append(found[reason], message)
	}
	for _, reason := range []string{v1alpha1.ReasonTooManyBlocked, v1alpha1.ReasonEmptyGroup} {
		if len(found[reason]) > 0 {
			return conditions.False(kind, reason, "%s", saidOf(found, reason))
		}
	}
	if len(found[v1alpha1.ReasonNotCounted]) > 0 {
		return conditions.Unknown(kind, v1alpha1.ReasonNotCounted, "%s", saidOf(found, v1alpha1.ReasonNotCounted))
	}
	furthest := v1alpha1.ReasonObserving
	for _, reason := range []string{v1alpha1.ReasonWarning, v1alpha1.ReasonEnforcing} {
		if len(found[reason]) > 0 {
			furthest = reason
		}
	}
	return conditions.True(kind, furthest, "%s", saidOf(found, furthest))
}

// saidOf are all messages, those of a reason first.
func saidOf(found map[string][]string, first string) string {
	said := found[first]
	for _, reason := range []string{
		v1alpha1.ReasonTooManyBlocked, v1alpha1.ReasonEmptyGroup, v1alpha1.ReasonNotCounted,
		v1alpha1.ReasonEnforcing, v1alpha1.ReasonWarning, v1alpha1.ReasonObserving,
	} {
		if reason != first {
			said = append(slices.Clip(said), found[reason]...)
		}
	}
	return strings.Join(said, ". ")
}

// judge is the reason and the message of a requirement for itself.
func (r requirement) judge(counts []v1alpha1.RequirementStatus) (reason, message string) {
	s, counted := toldBefore(counts, r.name)
	switch {
	case !counted:
		return v1alpha1.ReasonNotCounted, fmt.Sprintf("%s (%s): no pod has counted yet whom it concerns", r.field, r.enforcement)
	case s.Held:
		return v1alpha1.ReasonTooManyBlocked, r.describe(s)
	case len(s.EmptyGroups) > 0:
		return v1alpha1.ReasonEmptyGroup, fmt.Sprintf("%s. Nobody is in %s, which %s.groups names: correct the name, or put people into it",
			r.describe(s), listed(s.EmptyGroups), r.field)
	}
	return map[realmconfig.Enforcement]string{
		realmconfig.Observe: v1alpha1.ReasonObserving, realmconfig.Warn: v1alpha1.ReasonWarning, realmconfig.Enforce: v1alpha1.ReasonEnforcing,
	}[r.enforcement], r.describe(s)
}

// describe tells in a sentence whom a requirement concerns, and what it does to them.
func (r requirement) describe(s v1alpha1.RequirementStatus) string {
	said := fmt.Sprintf("%s (%s): %d of %d people %s%s", r.field, r.enforcement, s.Without, s.Covered, r.lack, inGroups(s.ByGroup))
	switch {
	case s.Held:
		return fmt.Sprintf("%s; %d have been stopped at sign-in and have not met it yet, as many as maxBlocked allows, and nobody further is stopped: see what hinders them, or raise maxBlocked",
			said, s.Blocked)
	case s.Without == 0 && s.Blocked == 0:
		return said
	case r.enforcement == realmconfig.Enforce:
		return fmt.Sprintf("%s, and are stopped at sign-in once their grace period is over; %d have been and have not met it yet, of %d at most", said, s.Blocked, r.maxBlocked)
	case r.enforcement == realmconfig.Warn:
		return said + ", and are told at sign-in from when on they have to meet it"
	}
	return said + ", and Enforce would stop them"
}

// inGroups names the largest groups of those without.
func inGroups(groups []v1alpha1.GroupWithout) string {
	var names []string
	for _, g := range groups {
		names = append(names, fmt.Sprintf("%d in %s", g.Without, g.Group))
	}
	if len(names) == 0 {
		return ""
	}
	return " (" + listed(names) + ")"
}

// maxListed bounds the names in a message.
const maxListed = 8

func listed(names []string) string {
	if more := len(names) - maxListed; more > 0 {
		names = append(slices.Clone(names[:maxListed]), fmt.Sprintf("%d more", more))
	}
	return strings.Join(names, ", ")
}

// announceRequirements tells of each requirement that is held now and was not, or the other
// way round. What its spec holds no longer is no event.
func (r *reconciler) announceRequirements(realm *v1alpha1.AuthRealm, before []v1alpha1.RequirementStatus) {
	for _, required := range requirementsOf(realm) {
		is, counted := toldBefore(realm.Status.Requirements, required.name)
		was, _ := toldBefore(before, required.name)
		switch {
		case !counted || required.enforcement != realmconfig.Enforce:
		case is.Held && !was.Held:
			r.events.Warning(realm, eventRequirementHeld, conditions.ActionObserve, "%s", required.describe(is))
		case was.Held && !is.Held:
			r.events.Normal(realm, eventRequirementGoesOn, conditions.ActionObserve, "%s", required.describe(is))
		}
	}
}
