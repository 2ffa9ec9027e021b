// SPDX-License-Identifier: Apache-2.0

package controllers_test

import (
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/realmkeeper/realmkeeper/api/v1alpha1"
	"github.com/realmkeeper/realmkeeper/authserver/realmconfig"
)

func TestARealmTellsHowFarItsRequirementGoes(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	require := func(enforcement v1alpha1.Enforcement, maxBlocked int32) func(*v1alpha1.AuthRealmSpec) {
		return func(s *v1alpha1.AuthRealmSpec) {
			s.TwoFactor = &v1alpha1.TwoFactor{Required: &v1alpha1.RequiredFactors{
				Who: v1alpha1.RequiredOfEverybody, Enforcement: enforcement, GracePeriod: &metav1.Duration{}, MaxBlocked: &maxBlocked,
			}}
		}
	}
	const kind = v1alpha1.RequirementsInForceCondition
	w.realm(require(v1alpha1.Observe, 3))
	w.ready(2)
	w.await(kind, metav1.ConditionUnknown, v1alpha1.ReasonNotCounted, "no pod has counted yet")
	if told := w.read().Status.Requirements; told != nil {
		t.Errorf("it tells %+v, which nobody has counted", told)
	}

	people := realmconfig.RequirementReport{Covered: 50, Without: 45, ByGroup: []realmconfig.GroupWithout{{Group: "staff", Without: 30}}}
	w.pods.count(realmconfig.FactorsRequirement, people)
	w.again()
	w.await(kind, metav1.ConditionTrue, v1alpha1.ReasonObserving, "45 of 50 people are without a second factor (30 in staff), and Enforce would stop them")

	w.edit(require(v1alpha1.Warn, 3))
	w.await(kind, metav1.ConditionTrue, v1alpha1.ReasonWarning, "told at sign-in")

	w.edit(require(v1alpha1.Enforce, 3))
	w.await(kind, metav1.ConditionTrue, v1alpha1.ReasonEnforcing, "0 have been")
	people.Blocked, people.Held = 3, true
	w.clock.advance(time.Minute)
	w.pods.count(realmconfig.FactorsRequirement, people)
	w.again()
	w.await(kind, metav1.ConditionFalse, v1alpha1.ReasonTooManyBlocked, "nobody further is stopped")
	w.awaitNote("RequirementHeld", "twoFactor.required (Enforce)", "3 have been stopped")
	w.await(v1alpha1.ReadyCondition, metav1.ConditionTrue, v1alpha1.ReasonReady)
	for range 2 {
		w.again()
	}
	w.awaitEvents(map[string]int{"RequirementHeld": 1, "RequirementGoesOn": 0})

	w.edit(require(v1alpha1.Enforce, 10))
	w.await(kind, metav1.ConditionTrue, v1alpha1.ReasonEnforcing, "3 have been and have not met it yet, of 10 at most")
	w.awaitEvents(map[string]int{"RequirementHeld": 1, "RequirementGoesOn": 1})

	w.edit(func(s *v1alpha1.AuthRealmSpec) { s.TwoFactor = nil })
	w.await(kind, metav1.ConditionTrue, v1alpha1.ReasonNotRequired)
	if told := w.read().Status.Requirements; told != nil {
		t.Errorf("it tells %+v of what is not required", told)
	}
}
