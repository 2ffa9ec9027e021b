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
	"github.com/realmkeeper/realmkeeper/controllers/internal/preflight"
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
	return providerView{realm: realm, revision: "r", subject: "s", answer: &preflight.Answer{
		Discovered:          preflight.Finding{Status: metav1.ConditionTrue, Reason: v1alpha1.ReasonDiscovered, Message: "usable"},
		CredentialsAccepted: preflight.Finding{Status: metav1.ConditionTrue, Reason: v1alpha1.ReasonProven, Message: "taken"},
	}}
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
			func(*providerView) {}, v1alpha1.ReadyCondition, metav1.ConditionTrue, v1alpha1.ReasonReady, "proven, and every pod",
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
		"one that was not asked, for want of a secret": {
			func(v *providerView) {
				v.answer, v.secret = nil, &obstacle{v1alpha1.ReasonSecretNotFound, "there is none"}
			},
			v1alpha1.CredentialsAcceptedCondition, metav1.ConditionUnknown, v1alpha1.ReasonBlocked, "not asked, because of what SecretFound says",
		},
		"a secret that the provider does not take": {
			func(v *providerView) {
				v.answer.CredentialsAccepted = preflight.Finding{Status: metav1.ConditionFalse, Reason: v1alpha1.ReasonInvalidClient, Message: "wrong"}
			},
			v1alpha1.ReadyCondition, metav1.ConditionFalse, v1alpha1.ReasonInvalidClient, "CredentialsAccepted: wrong",
		},
		"one that is offered whatever the provider said": {
			func(v *providerView) {
				v.answer.Discovered = preflight.Finding{Status: metav1.ConditionFalse, Reason: v1alpha1.ReasonUnreachable, Message: "away"}
			},
			v1alpha1.AttachedCondition, metav1.ConditionTrue, v1alpha1.ReasonAttached, "Every pod",
		},
		"one of which nobody knows whether it works": {
			func(v *providerView) {
				v.answer.CredentialsAccepted = preflight.Finding{Status: metav1.ConditionUnknown, Reason: v1alpha1.ReasonUnproven, Message: "odd"}
			},
			v1alpha1.ReadyCondition, metav1.ConditionUnknown, v1alpha1.ReasonUnproven, "CredentialsAccepted: odd",
		},
		"what is wrong before what nobody knows": {
			func(v *providerView) {
				v.answer.CredentialsAccepted = preflight.Finding{Status: metav1.ConditionUnknown, Reason: v1alpha1.ReasonUnproven, Message: "odd"}
				v.realm.Status.Providers = nil
			},
			v1alpha1.ReadyCondition, metav1.ConditionFalse, v1alpha1.ReasonPropagating, "Attached: ",
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
