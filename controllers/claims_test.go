// SPDX-License-Identifier: Apache-2.0

package controllers_test

import (
	"context"
	"fmt"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"

	"github.com/realmkeeper/realmkeeper/api/v1alpha1"
	"github.com/realmkeeper/realmkeeper/authserver/realmconfig"
	"github.com/realmkeeper/realmkeeper/internal/testenv/eventually"
)

// role is a claim, and an example of somebody in a group.
func role(expression, group, then string) ([]v1alpha1.Claim, []v1alpha1.ClaimExample) {
	return []v1alpha1.Claim{{Name: "app_role", Expression: expression}}, []v1alpha1.ClaimExample{{
		Name: "somebody in " + group, Given: &v1alpha1.ClaimsGiven{Groups: []string{group}}, Then: runtime.RawExtension{Raw: []byte(then)},
	}}
}

// awaitClaims waits until pods are told this expression, empty for none.
func (w *world) awaitClaims(told func() []realmconfig.Claim, expression string) {
	w.t.Helper()
	eventually.Succeeds(w.t, func(context.Context) error {
		claims, got := told(), ""
		if len(claims) > 0 {
			got = claims[0].Expression
		}
		if got != expression {
			return fmt.Errorf("pods are told %+v, want %s", claims, expression)
		}
		return nil
	})
}

func TestAClientWhoseExampleFailsKeepsItsClaims(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.realm()
	w.ready(2)
	const good, bad = `'ops' in groups ? 'Admin' : 'Viewer'`, `'op' in groups ? 'Admin' : 'Viewer'`
	says := func(expression, then string) func(*v1alpha1.OAuthClientSpec) {
		return func(s *v1alpha1.OAuthClientSpec) { s.Claims, s.Examples = role(expression, "ops", then) }
	}
	told := func() []realmconfig.Claim { return w.document(w.namespace + ".web").Claims }

	// What was never proved, pods are not told of.
	w.oauthClient(w.namespace, "web", says(bad, `{"app_role": "Admin"}`))
	w.awaitClient(w.namespace, "web", v1alpha1.ClaimsReadyCondition, metav1.ConditionFalse, v1alpha1.ReasonExampleFailed,
		`example "somebody in ops": app_role is "Viewer", want "Admin"`)
	w.awaitClient(w.namespace, "web", v1alpha1.ReadyCondition, metav1.ConditionFalse, v1alpha1.ReasonExampleFailed, "ClaimsReady: ")
	w.settle()
	if document := w.document(w.namespace + ".web"); document.ID != "" {
		t.Errorf("pods are told of it: %+v", document)
	}

	w.editClient("web", says(good, `{"app_role": "Admin"}`))
	w.readyClient(w.namespace, "web")
	w.awaitClient(w.namespace, "web", v1alpha1.ClaimsReadyCondition, metav1.ConditionTrue, v1alpha1.ReasonAccepted, "One claim", "one example")
	w.awaitClaims(told, good)

	// What is not proved keeps back itself alone, and what was proved stays.
	w.editClient("web", func(s *v1alpha1.OAuthClientSpec) {
		says(bad, `{"app_role": "Admin"}`)(s)
		s.DisplayName = "Renamed"
	})
	w.awaitClient(w.namespace, "web", v1alpha1.ReadyCondition, metav1.ConditionFalse, v1alpha1.ReasonExampleFailed)
	eventually.Succeeds(t, func(context.Context) error {
		if document := w.document(w.namespace + ".web"); document.DisplayName != "Renamed" {
			return fmt.Errorf("pods are told %+v", document)
		}
		return nil
	})
	w.awaitClaims(told, good)

	w.editClient("web", says(`groups.map(`, `{}`))
	w.awaitClient(w.namespace, "web", v1alpha1.ClaimsReadyCondition, metav1.ConditionFalse, v1alpha1.ReasonInvalidExpression, `claim "app_role": line 1, column `)
	w.awaitClaims(told, good)

	w.editClient("web", func(s *v1alpha1.OAuthClientSpec) { s.Claims, s.Examples = nil, nil })
	w.awaitClient(w.namespace, "web", v1alpha1.ClaimsReadyCondition, metav1.ConditionTrue, v1alpha1.ReasonNotRequested)
	w.awaitClaims(told, "")
	w.startPods()
	w.awaitClient(w.namespace, "web", v1alpha1.ReadyCondition, metav1.ConditionTrue, v1alpha1.ReasonReady)
}

func TestARealmWhoseExampleFailsKeepsItsClaims(t *testing.T) {
	t.Parallel()
	const first, second = `groups.map(g, 'a:' + g)`, `groups.map(g, 'b:' + g)`
	w := newWorld(t)
	w.realm(func(s *v1alpha1.AuthRealmSpec) { s.Claims, s.Examples = role(first, "ops", `{"app_role": ["b:ops"]}`) })
	w.run(2)
	told := func() []realmconfig.Claim { return w.settings().Claims }
	w.await(v1alpha1.ClaimsReadyCondition, metav1.ConditionFalse, v1alpha1.ReasonExampleFailed,
		`example "somebody in ops": app_role is ["a:ops"], want ["b:ops"]`)
	w.await(v1alpha1.ReadyCondition, metav1.ConditionFalse, v1alpha1.ReasonExampleFailed)
	w.await(v1alpha1.ResourcesAppliedCondition, metav1.ConditionTrue, v1alpha1.ReasonApplied) // people sign in all the same
	w.awaitClaims(told, "")

	w.edit(func(s *v1alpha1.AuthRealmSpec) { s.Claims, s.Examples = role(first, "ops", `{"app_role": ["a:ops"]}`) })
	w.await(v1alpha1.ReadyCondition, metav1.ConditionTrue, v1alpha1.ReasonReady)
	w.awaitClaims(told, first)

	w.edit(func(s *v1alpha1.AuthRealmSpec) {
		s.Claims, s.Examples = role(second, "ops", "")
		s.Examples[0].Then, s.Examples[0].Absent = runtime.RawExtension{}, []string{"app_role"}
		s.Login = &v1alpha1.Login{UnknownUser: v1alpha1.ConcealUnknownUser}
	})
	w.await(v1alpha1.ClaimsReadyCondition, metav1.ConditionFalse, v1alpha1.ReasonExampleFailed, `app_role is ["b:ops"], want left out`)
	eventually.Succeeds(t, func(context.Context) error {
		if w.settings().Login.UnknownUser != realmconfig.Conceal {
			return fmt.Errorf("what has nothing to do with claims is kept back")
		}
		return nil
	})
	w.awaitClaims(told, first)
}
