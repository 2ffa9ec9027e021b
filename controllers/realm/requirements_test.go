// SPDX-License-Identifier: Apache-2.0

package realm

import (
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/api/equality"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/realmkeeper/realmkeeper/api/v1alpha1"
	"github.com/realmkeeper/realmkeeper/authserver/realmconfig"
	"github.com/realmkeeper/realmkeeper/controllers/internal/conditions"
)

// requiredOf is a spec that requires second factors, of at most three stopped people.
func requiredOf(who v1alpha1.RequiredOf, enforcement v1alpha1.Enforcement, groups ...string) *v1alpha1.TwoFactor {
	return &v1alpha1.TwoFactor{Required: &v1alpha1.RequiredFactors{Who: who, Groups: groups, Enforcement: enforcement, MaxBlocked: ptr[int32](3)}}
}

// counted lets a pod have counted factors a while before noon.
func counted(st *state, pod int, ago time.Duration, r realmconfig.RequirementReport) {
	r.CountedAt = noon().Add(-ago)
	st.pods[pod].Report.Requirements = map[string]realmconfig.RequirementReport{realmconfig.FactorsRequirement: r}
}

func twelveOfFifty() realmconfig.RequirementReport {
	return realmconfig.RequirementReport{Covered: 50, Without: 12, ByGroup: []realmconfig.GroupWithout{{Group: "staff", Without: 8}, {Group: "ops", Without: 4}}}
}

func TestRequirementsInForce(t *testing.T) {
	t.Parallel()
	const everybody, groups = v1alpha1.RequiredOfEverybody, v1alpha1.RequiredOfGroups
	held := func() realmconfig.RequirementReport {
		r := twelveOfFifty()
		r.Blocked, r.Held = 3, true
		return r
	}
	for name, c := range map[string]struct {
		change func(*v1alpha1.AuthRealm, *state)
		status metav1.ConditionStatus
		reason string
		says   string
	}{
		"nothing is required": {
			func(*v1alpha1.AuthRealm, *state) {}, metav1.ConditionTrue, v1alpha1.ReasonNotRequired, "Neither twoFactor.required nor passwords.existing",
		},
		"nobody must": {
			func(r *v1alpha1.AuthRealm, _ *state) {
				r.Spec.TwoFactor = requiredOf(v1alpha1.RequiredOfNone, v1alpha1.Enforce)
			},
			metav1.ConditionTrue, v1alpha1.ReasonNotRequired, "asks anything of anybody",
		},
		"nobody has counted": {
			func(r *v1alpha1.AuthRealm, _ *state) { r.Spec.TwoFactor = requiredOf(everybody, "") },
			metav1.ConditionUnknown, v1alpha1.ReasonNotCounted, "twoFactor.required (Observe): no pod has counted yet whom it concerns",
		},
		"a count without a time": {
			func(r *v1alpha1.AuthRealm, st *state) {
				r.Spec.TwoFactor = requiredOf(everybody, "")
				st.pods[0].Report.Requirements = map[string]realmconfig.RequirementReport{realmconfig.FactorsRequirement: {Covered: 50}}
			},
			metav1.ConditionUnknown, v1alpha1.ReasonNotCounted, "no pod has counted yet",
		},
		"observed": {
			func(r *v1alpha1.AuthRealm, st *state) {
				r.Spec.TwoFactor = requiredOf(everybody, "")
				counted(st, 0, 0, twelveOfFifty())
			},
			metav1.ConditionTrue, v1alpha1.ReasonObserving,
			"twoFactor.required (Observe): 12 of 50 people are without a second factor (8 in staff, 4 in ops), and Enforce would stop them",
		},
		"warned": {
			func(r *v1alpha1.AuthRealm, st *state) {
				r.Spec.TwoFactor = requiredOf(everybody, v1alpha1.Warn)
				counted(st, 1, 0, twelveOfFifty())
			},
			metav1.ConditionTrue, v1alpha1.ReasonWarning, "(8 in staff, 4 in ops), and are told at sign-in from when on they have to meet it",
		},
		"enforced": {
			func(r *v1alpha1.AuthRealm, st *state) {
				r.Spec.TwoFactor = requiredOf(everybody, v1alpha1.Enforce)
				count := twelveOfFifty()
				count.Blocked = 2
				counted(st, 0, 0, count)
			},
			metav1.ConditionTrue, v1alpha1.ReasonEnforcing, "2 have been and have not met it yet, of 3 at most",
		},
		"held": {
			func(r *v1alpha1.AuthRealm, st *state) {
				r.Spec.TwoFactor = requiredOf(everybody, v1alpha1.Enforce)
				counted(st, 0, 0, held())
			},
			metav1.ConditionFalse, v1alpha1.ReasonTooManyBlocked,
			"3 have been stopped at sign-in and have not met it yet, as many as maxBlocked allows, and nobody further is stopped: see what hinders them, or raise maxBlocked",
		},
		"held, and then the spec goes back": {
			func(r *v1alpha1.AuthRealm, st *state) {
				r.Spec.TwoFactor = requiredOf(everybody, v1alpha1.Warn)
				counted(st, 0, 0, held())
			},
			metav1.ConditionTrue, v1alpha1.ReasonWarning, "are told at sign-in",
		},
		"held, and then the bound is raised": {
			func(r *v1alpha1.AuthRealm, st *state) {
				r.Spec.TwoFactor = requiredOf(everybody, v1alpha1.Enforce)
				r.Spec.TwoFactor.Required.MaxBlocked = ptr[int32](4)
				counted(st, 0, 0, held())
			},
			metav1.ConditionTrue, v1alpha1.ReasonEnforcing, "3 have been and have not met it yet, of 4 at most",
		},
		"a group in which nobody is": {
			func(r *v1alpha1.AuthRealm, st *state) {
				r.Spec.TwoFactor = requiredOf(groups, v1alpha1.Warn, "staff", "opps")
				count := twelveOfFifty()
				count.EmptyGroups = []string{"opps", "one that the spec no longer names"}
				counted(st, 0, 0, count)
			},
			metav1.ConditionFalse, v1alpha1.ReasonEmptyGroup, "are told at sign-in from when on they have to meet it. Nobody is in opps, which twoFactor.required.groups names: correct the name",
		},
		"groups in which nobody is": {
			func(r *v1alpha1.AuthRealm, st *state) {
				r.Spec.TwoFactor = requiredOf(groups, "", "stuff", "opps")
				counted(st, 0, 0, realmconfig.RequirementReport{})
			},
			metav1.ConditionFalse, v1alpha1.ReasonEmptyGroup, "0 of 0 people are without a second factor. Nobody is in stuff, opps, which",
		},
		"held, and a group in which nobody is": {
			func(r *v1alpha1.AuthRealm, st *state) {
				r.Spec.TwoFactor = requiredOf(groups, v1alpha1.Enforce, "staff", "opps")
				count := held()
				count.EmptyGroups = []string{"opps"}
				counted(st, 0, 0, count)
			},
			metav1.ConditionFalse, v1alpha1.ReasonTooManyBlocked, "nobody further is stopped",
		},
		"more groups than a message holds": {
			func(r *v1alpha1.AuthRealm, st *state) {
				r.Spec.TwoFactor = requiredOf(everybody, "")
				count := twelveOfFifty()
				for i := range 10 {
					count.ByGroup = append(count.ByGroup, realmconfig.GroupWithout{Group: fmt.Sprintf("g%d", i), Without: 1})
				}
				counted(st, 0, 0, count)
			},
			metav1.ConditionTrue, v1alpha1.ReasonObserving, "1 in g5, 4 more)",
		},
		"passwords of old, and factors that nobody has counted": {
			func(r *v1alpha1.AuthRealm, st *state) {
				r.Spec.TwoFactor = requiredOf(everybody, "")
				r.Spec.Passwords = &v1alpha1.Passwords{Existing: &v1alpha1.ExistingPasswords{Enforcement: v1alpha1.Enforce}}
				st.pods[0].Report.Requirements = map[string]realmconfig.RequirementReport{realmconfig.PasswordsRequirement: {Covered: 9, Without: 1, CountedAt: noon()}}
			},
			metav1.ConditionUnknown, v1alpha1.ReasonNotCounted,
			"no pod has counted yet whom it concerns. passwords.existing (Enforce): 1 of 9 people have been seen with a password that today's rules refuse, and are stopped at sign-in once their grace period is over; 0 have been",
		},
		"factors that are held, and passwords that nobody has counted": {
			func(r *v1alpha1.AuthRealm, st *state) {
				r.Spec.TwoFactor = requiredOf(everybody, v1alpha1.Enforce)
				r.Spec.Passwords = &v1alpha1.Passwords{Existing: &v1alpha1.ExistingPasswords{}}
				counted(st, 0, 0, held())
			},
			metav1.ConditionFalse, v1alpha1.ReasonTooManyBlocked, "or raise maxBlocked. passwords.existing (Observe): no pod has counted yet",
		},
		"the furthest of two": {
			func(r *v1alpha1.AuthRealm, st *state) {
				r.Spec.TwoFactor = requiredOf(everybody, v1alpha1.Warn)
				r.Spec.Passwords = &v1alpha1.Passwords{Existing: &v1alpha1.ExistingPasswords{}}
				counted(st, 0, 0, twelveOfFifty())
				st.pods[0].Report.Requirements[realmconfig.PasswordsRequirement] = realmconfig.RequirementReport{Covered: 9, CountedAt: noon()}
			},
			metav1.ConditionTrue, v1alpha1.ReasonWarning, "have to meet it. passwords.existing (Observe): 0 of 9",
		},
		"pods of which nobody knows": {
			func(r *v1alpha1.AuthRealm, st *state) {
				r.Spec.TwoFactor = requiredOf(everybody, "")
				st.pods, st.podsUnknown = nil, conditions.NewFailure(v1alpha1.ReasonFailed, "list pods: no")
			},
			metav1.ConditionUnknown, v1alpha1.ReasonFailed, "list pods: no",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			realm, st := testRealm(), healthy(t)
			c.change(realm, &st)
			realm.Status = statusOf(realm, st)
			got := meta.FindStatusCondition(realm.Status.Conditions, v1alpha1.RequirementsInForceCondition)
			if got.Status != c.status || got.Reason != c.reason || !strings.Contains(got.Message, c.says) {
				t.Errorf("it is %s/%s %q", got.Status, got.Reason, got.Message)
			}
			if st.podsUnknown == nil && !meta.IsStatusConditionTrue(realm.Status.Conditions, v1alpha1.ReadyCondition) {
				t.Error("the realm is not Ready, as though sign-ins did not work")
			}
			if again := statusOf(realm, st); !equality.Semantic.DeepEqual(realm.Status, again) {
				t.Errorf("a second pass says\n%+v\nafter\n%+v", again, realm.Status)
			}
		})
	}
}

// told is a count in one line.
func told(all []v1alpha1.RequirementStatus) string {
	var lines []string
	for _, s := range all {
		lines = append(lines, fmt.Sprintf("%s %d/%d %d at %s", s.Name, s.Without, s.Covered, s.Blocked, s.CountedAt.UTC().Format("15:04")))
	}
	return strings.Join(lines, "; ")
}

func TestTheNewestCountIsTold(t *testing.T) {
	t.Parallel()
	people := func(without int) realmconfig.RequirementReport {
		return realmconfig.RequirementReport{Covered: 50, Without: without}
	}
	before := func(without int32, ago time.Duration) []v1alpha1.RequirementStatus {
		return []v1alpha1.RequirementStatus{{Name: v1alpha1.FactorsRequirement, Covered: 50, Without: without, CountedAt: metav1.NewTime(noon().Add(-ago))}}
	}
	for name, c := range map[string]struct {
		before []v1alpha1.RequirementStatus
		change func(*state)
		want   string
	}{
		"nobody has counted":          {nil, func(*state) {}, ""},
		"one pod has":                 {nil, func(st *state) { counted(st, 1, 0, people(7)) }, "factors 7/50 0 at 12:00"},
		"both have, the second later": {nil, func(st *state) { counted(st, 0, time.Hour, people(7)); counted(st, 1, time.Minute, people(6)) }, "factors 6/50 0 at 11:59"},
		"both have, the first later":  {nil, func(st *state) { counted(st, 0, time.Minute, people(7)); counted(st, 1, time.Hour, people(6)) }, "factors 7/50 0 at 11:59"},
		"pods that do not answer": {before(9, time.Minute), func(st *state) {
			st.pods[0].Answered, st.pods[1].Answered = false, false
			st.pods[0].Report, st.pods[1].Report = realmconfig.Report{}, realmconfig.Report{}
		}, "factors 9/50 0 at 11:59"},
		"pods of earlier settings that have just begun":     {before(9, time.Minute), func(st *state) { st.want.config = "d" }, "factors 9/50 0 at 11:59"},
		"pods that have not counted by the settings of now": {before(9, time.Minute), func(*state) {}, ""},
		"one of the settings of now, and one that counted by others": {before(9, time.Minute), func(st *state) {
			counted(st, 0, 0, people(7))
			st.pods[0].Report.ConfigRevision = "old"
		}, ""},
		"two that know of different people stopped": {nil, func(st *state) {
			counted(st, 0, 0, realmconfig.RequirementReport{Covered: 50, Without: 9, Blocked: 2})
			counted(st, 1, 0, realmconfig.RequirementReport{Covered: 50, Without: 9, Blocked: 3})
		}, "factors 9/50 3 at 12:00"},
		"the same count, with more stopped since": {before(9, time.Minute), func(st *state) {
			counted(st, 0, time.Minute, realmconfig.RequirementReport{Covered: 50, Without: 9, Blocked: 3})
		}, "factors 9/50 3 at 11:59"},
		"the same count, with fewer stopped since": {
			[]v1alpha1.RequirementStatus{{Name: v1alpha1.FactorsRequirement, Covered: 50, Without: 9, Blocked: 3, CountedAt: metav1.NewTime(noon())}},
			func(st *state) { counted(st, 0, 0, realmconfig.RequirementReport{Covered: 50, Without: 9, Blocked: 1}) }, "factors 9/50 1 at 12:00",
		},
		"an older count than was told":  {before(9, time.Minute), func(st *state) { counted(st, 0, time.Hour, people(7)) }, "factors 9/50 0 at 11:59"},
		"a newer one that says more":    {before(9, time.Minute), func(st *state) { counted(st, 0, 0, people(10)) }, "factors 10/50 0 at 12:00"},
		"a newer one that says as much": {before(9, time.Minute), func(st *state) { counted(st, 0, 0, people(9)) }, "factors 9/50 0 at 11:59"},
		"as much, an hour later":        {before(9, time.Hour), func(st *state) { counted(st, 0, 0, people(9)) }, "factors 9/50 0 at 12:00"},
		"a clock that is ahead":         {before(9, time.Minute), func(st *state) { counted(st, 0, -24*time.Hour, people(3)) }, "factors 3/50 0 at 12:00"},
		"nobody knows of any pods":      {before(9, time.Minute), func(st *state) { st.pods, st.podsUnknown = nil, &conditions.Failure{} }, "factors 9/50 0 at 11:59"},
		"numbers that cannot be": {nil, func(st *state) {
			counted(st, 0, 0, realmconfig.RequirementReport{Covered: math.MaxInt, Without: -1, Blocked: -7})
		}, "factors 0/2147483647 0 at 12:00"},
		"a requirement of no name that is known": {nil, func(st *state) {
			st.pods[0].Report.Requirements = map[string]realmconfig.RequirementReport{"passwords": people(1), "otherwise": people(1)}
		}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			realm, st := testRealm(), healthy(t)
			realm.Spec.TwoFactor, realm.Status.Requirements = requiredOf(v1alpha1.RequiredOfEverybody, ""), c.before
			c.change(&st)
			if got := told(statusOf(realm, st).Requirements); got != c.want {
				t.Errorf("it tells %q, want %q", got, c.want)
			}
		})
	}
}

// The API server takes no status that its schema does not.
func TestAPodsWordIsTakenForNamesOfGroupsAlone(t *testing.T) {
	t.Parallel()
	realm, st := testRealm(), healthy(t)
	realm.Spec.TwoFactor = requiredOf(v1alpha1.RequiredOfEverybody, "")
	count := twelveOfFifty()
	for _, name := range []string{"", "\x1b[31mred", "a\nline", strings.Repeat("a", 129), "system:masters"} {
		count.ByGroup = append(count.ByGroup, realmconfig.GroupWithout{Group: name, Without: 1})
	}
	for i := range 30 {
		count.ByGroup = append(count.ByGroup, realmconfig.GroupWithout{Group: fmt.Sprintf("g%d", i), Without: 1})
	}
	count.EmptyGroups = []string{"\x1b[31mred"}
	counted(&st, 0, 0, count)
	got := statusOf(realm, st).Requirements[0]
	if len(got.ByGroup) != realmconfig.MaxGroupsReported || got.ByGroup[2].Group != "g0" || got.EmptyGroups != nil {
		t.Errorf("it tells %+v", got)
	}
	if !slices.IsSortedFunc(got.ByGroup, func(a, b v1alpha1.GroupWithout) int { return int(b.Without - a.Without) }) {
		t.Errorf("they are in another order: %+v", got.ByGroup)
	}
}

func TestARequirementThatIsGoneIsNotTold(t *testing.T) {
	t.Parallel()
	realm, st := testRealm(), healthy(t)
	realm.Spec.TwoFactor = requiredOf(v1alpha1.RequiredOfEverybody, "")
	counted(&st, 0, 0, twelveOfFifty())
	if realm.Status = statusOf(realm, st); len(realm.Status.Requirements) != 1 {
		t.Fatalf("it tells %+v", realm.Status.Requirements)
	}
	realm.Spec.TwoFactor = nil
	if got := statusOf(realm, st).Requirements; got != nil {
		t.Errorf("it still tells %+v", got)
	}
}

// A status that the schema refuses would never be written, with all the rest of it.
func FuzzRequirementStatuses(f *testing.F) {
	f.Add([]byte(`{"covered":50,"without":12,"blocked":3,"held":true,"byGroup":[{"group":"staff","without":8}],"emptyGroups":["ops"],"countedAt":"2026-03-01T12:00:00Z"}`))
	f.Add([]byte(`{"covered":-1,"without":9223372036854775807,"byGroup":[{"group":"\u001b[31m"}],"countedAt":"2126-03-01T12:00:00Z"}`))
	f.Add([]byte(`{"countedAt":"0001-01-01T00:00:00.5Z"}`))
	f.Fuzz(func(t *testing.T, document []byte) {
		var report realmconfig.RequirementReport
		if json.Unmarshal(document, &report) != nil {
			return
		}
		realm, st := testRealm(), healthy(t)
		realm.Spec.TwoFactor = requiredOf(v1alpha1.RequiredOfGroups, v1alpha1.Enforce, "staff", "ops")
		st.pods[0].Report.Requirements = map[string]realmconfig.RequirementReport{realmconfig.FactorsRequirement: report}
		realm.Status.Requirements = requirementStatuses(realm, st)
		for _, s := range realm.Status.Requirements {
			negative := s.Covered < 0 || s.Without < 0 || s.Blocked < 0
			strange := func(g v1alpha1.GroupWithout) bool { return g.Without < 0 || realmconfig.CheckGroupName(g.Group) != nil }
			if negative || len(s.ByGroup) > 20 || len(s.EmptyGroups) > 2 || slices.ContainsFunc(s.ByGroup, strange) || s.CountedAt.After(noon()) {
				t.Errorf("it tells %+v", s)
			}
		}
		if again := requirementStatuses(realm, st); !equality.Semantic.DeepEqual(again, realm.Status.Requirements) {
			t.Errorf("a second pass tells %+v after %+v", again, realm.Status.Requirements)
		}
		_ = requirementsInForce(realm, st)
	})
}
