// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"k8s.io/apimachinery/pkg/api/equality"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/realmkeeper/realmkeeper/api/v1alpha1"
)

func testProvider() *v1alpha1.OAuthProvider {
	return &v1alpha1.OAuthProvider{
		ObjectMeta: metav1.ObjectMeta{Namespace: "ns", Name: "google", Generation: 4},
		Spec:       v1alpha1.OAuthProviderSpec{RealmRef: v1alpha1.RealmRef{Name: "staff"}, Type: v1alpha1.GoogleProvider},
	}
}

// offered is what a pass sees of a provider that every pod of its realm offers.
func offered() providerView {
	realm := testRealm()
	realm.Status.Providers = []v1alpha1.ProviderStatus{
		{Name: "github", Revision: "r", Ready: true},
		{Name: "google", Type: v1alpha1.GoogleProvider, Revision: "r", Ready: true},
	}
	return providerView{realm: realm, revision: "r"}
}

func TestConditionsOfAProvider(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		change func(*providerView)
		kind   string
		status metav1.ConditionStatus
		reason string
		says   string
	}{
		"one that is offered": {
			func(*providerView) {}, v1alpha1.ReadyCondition, metav1.ConditionTrue, v1alpha1.ReasonReady, "Every pod",
		},
		"one without a realm": {
			func(v *providerView) { v.realm = nil },
			v1alpha1.RealmFoundCondition, metav1.ConditionFalse, v1alpha1.ReasonRealmNotFound, `realmRef: there is no AuthRealm "staff" in this namespace; create it`,
		},
		"one without a secret": {
			func(v *providerView) { v.secret = &obstacle{v1alpha1.ReasonSecretNotFound, "there is none"} },
			v1alpha1.AttachedCondition, metav1.ConditionFalse, v1alpha1.ReasonBlocked, "The realm leaves it out, because of what SecretFound says",
		},
		"settings that an auth server refuses": {
			func(v *providerView) { v.problem = errors.New("providers[0].type: is not known") },
			v1alpha1.AcceptedCondition, metav1.ConditionFalse, v1alpha1.ReasonInvalidSettings, "providers[0].type: is not known",
		},
		"a secret that is there, of which nobody was asked": {
			func(*providerView) {}, v1alpha1.SecretFoundCondition, metav1.ConditionTrue, v1alpha1.ReasonFound, "whether the provider takes it was not asked",
		},
		"a realm that does not know it": {
			func(v *providerView) { v.realm.Status.Providers = nil },
			v1alpha1.AttachedCondition, metav1.ConditionFalse, v1alpha1.ReasonPropagating, "has not taken up",
		},
		"a realm with its earlier settings": {
			func(v *providerView) { v.revision = "s" },
			v1alpha1.AttachedCondition, metav1.ConditionFalse, v1alpha1.ReasonPropagating, "has not taken up",
		},
		"a pod that lags": {
			func(v *providerView) { v.realm.Status.Providers[1].Ready = false },
			v1alpha1.ReadyCondition, metav1.ConditionFalse, v1alpha1.ReasonPropagating, "Attached: Not every pod",
		},
		"a realm of no pods": {
			func(v *providerView) { v.realm.Spec.Replicas = ptr[int32](0) },
			v1alpha1.AttachedCondition, metav1.ConditionFalse, v1alpha1.ReasonScaledToZero, "no pods",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			v := offered()
			c.change(&v)
			status := providerStatusOf(testProvider(), v)
			got := meta.FindStatusCondition(status.Conditions, c.kind)
			if got.Status != c.status || got.Reason != c.reason || !strings.Contains(got.Message, c.says) || got.ObservedGeneration != 4 {
				t.Errorf("%s is %s/%s %q of generation %d", c.kind, got.Status, got.Reason, got.Message, got.ObservedGeneration)
			}
			var types []string
			for _, c := range status.Conditions {
				types = append(types, c.Type)
			}
			if !slices.Equal(types, v1alpha1.OAuthProviderConditions()) {
				t.Errorf("conditions are %v", types)
			}
		})
	}
}

func TestStatusOfAProviderSeenTwiceIsTheSame(t *testing.T) {
	t.Parallel()
	p := testProvider()
	p.Status = providerStatusOf(p, offered())
	if again := providerStatusOf(p, offered()); !equality.Semantic.DeepEqual(p.Status, again) {
		t.Errorf("a second pass says\n%+v\nafter\n%+v", again, p.Status)
	}
}
