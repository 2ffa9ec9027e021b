// SPDX-License-Identifier: Apache-2.0

package provider

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"k8s.io/apimachinery/pkg/api/equality"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/realmkeeper/realmkeeper/api/v1alpha1"
	"github.com/realmkeeper/realmkeeper/controllers/internal/conditions"
	"github.com/realmkeeper/realmkeeper/controllers/internal/preflight"
	"github.com/realmkeeper/realmkeeper/controllers/internal/render"
)

func testRealm() *v1alpha1.AuthRealm {
	return &v1alpha1.AuthRealm{
		ObjectMeta: metav1.ObjectMeta{Namespace: "ns", Name: "staff"},
		Spec:       v1alpha1.AuthRealmSpec{Issuer: "https://login.example.com"},
	}
}

func testProvider() *v1alpha1.OAuthProvider {
	return &v1alpha1.OAuthProvider{
		ObjectMeta: metav1.ObjectMeta{Namespace: "ns", Name: "google", Generation: 4},
		Spec:       v1alpha1.OAuthProviderSpec{RealmRef: v1alpha1.RealmRef{Name: "staff"}, Type: v1alpha1.GoogleProvider},
	}
}

// offered is what a pass sees of a provider that every pod of its realm offers.
func offered() state {
	realm := testRealm()
	realm.Status.Providers = []v1alpha1.ProviderStatus{
		{Name: "github", Revision: "r", Attached: true},
		{Name: "google", Type: v1alpha1.GoogleProvider, Revision: "r", Attached: true},
	}
	return state{realm: realm, revision: "r", subject: "s", answer: &preflight.Answer{
		Discovered:          preflight.Finding{Status: metav1.ConditionTrue, Reason: v1alpha1.ReasonDiscovered, Message: "usable"},
		CredentialsAccepted: preflight.Finding{Status: metav1.ConditionTrue, Reason: v1alpha1.ReasonProven, Message: "taken"},
	}}
}

func TestConditionsOfAProvider(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		change func(*state)
		kind   string
		status metav1.ConditionStatus
		reason string
		says   string
	}{
		"one that is offered": {
			func(*state) {}, v1alpha1.ReadyCondition, metav1.ConditionTrue, v1alpha1.ReasonReady, "proven, and every pod",
		},
		"one without a realm": {
			func(st *state) { st.realm = nil },
			v1alpha1.RealmFoundCondition, metav1.ConditionFalse, v1alpha1.ReasonRealmNotFound, `realmRef: there is no AuthRealm "staff" in this namespace; create it`,
		},
		"one whose realm is in another namespace": {
			func(st *state) { st.realm, st.elsewhere = nil, "identity" },
			v1alpha1.RealmFoundCondition, metav1.ConditionFalse, v1alpha1.ReasonRealmNotFound, `there is one in namespace "identity": create this there`,
		},
		"one without a secret": {
			func(st *state) {
				st.secretFailure = conditions.NewFailure(v1alpha1.ReasonSecretNotFound, "there is none")
			},
			v1alpha1.AttachedCondition, metav1.ConditionFalse, v1alpha1.ReasonBlocked, "The realm leaves it out, because of what SecretFound says",
		},
		"settings that an auth server refuses": {
			func(st *state) { st.settingsProblem = errors.New("providers[0].type: is not known") },
			v1alpha1.AcceptedCondition, metav1.ConditionFalse, v1alpha1.ReasonInvalidSettings, "providers[0].type: is not known",
		},
		"one that was not asked, for want of a secret": {
			func(st *state) {
				st.answer, st.secretFailure = nil, conditions.NewFailure(v1alpha1.ReasonSecretNotFound, "there is none")
			},
			v1alpha1.CredentialsAcceptedCondition, metav1.ConditionUnknown, v1alpha1.ReasonBlocked, "not asked, because of what SecretFound says",
		},
		"a secret that the provider does not take": {
			func(st *state) {
				st.answer.CredentialsAccepted = preflight.Finding{Status: metav1.ConditionFalse, Reason: v1alpha1.ReasonInvalidClient, Message: "wrong"}
			},
			v1alpha1.ReadyCondition, metav1.ConditionFalse, v1alpha1.ReasonInvalidClient, "CredentialsAccepted: wrong",
		},
		"one that waits for a callback of its own": {
			func(st *state) { st.callback = render.Callback{Own: true, Rival: "github"} },
			v1alpha1.CallbackDistinctCondition, metav1.ConditionFalse, v1alpha1.ReasonRegisterCallback,
			`OAuthProvider "github" has the shared callback, where an answer does not tell which of the two gives it; register ` +
				"https://login.example.com/api/auth/oauth/callback/google at the provider in place of https://login.example.com/api/auth/oauth/callback," +
				" and then set callback: PerProvider",
		},
		"one that the realm leaves out while it waits": {
			func(st *state) { st.callback = render.Callback{Own: true, Rival: "github"} },
			v1alpha1.AttachedCondition, metav1.ConditionFalse, v1alpha1.ReasonBlocked, "because of what CallbackDistinct says",
		},
		"one below the callback of GitHub's": {
			func(st *state) { st.callback = render.Callback{Own: true, Rival: "github", Below: true} },
			v1alpha1.ReadyCondition, metav1.ConditionFalse, v1alpha1.ReasonRegisterCallback,
			"GitHub sends answers to every URL below a callback",
		},
		"one whose answers name the issuer": {
			func(st *state) { st.callback = render.Callback{RequireIssuer: true} },
			v1alpha1.CallbackDistinctCondition, metav1.ConditionTrue, v1alpha1.ReasonIssuerNamed, "name the issuer",
		},
		"one with a callback of its own": {
			func(st *state) { st.callback = render.Callback{Own: true} },
			v1alpha1.CallbackDistinctCondition, metav1.ConditionTrue, v1alpha1.ReasonPerProvider, "/api/auth/oauth/callback/google",
		},
		"the callback of one whose neighbours nobody knows": {
			func(st *state) { st.realmUnknown = conditions.NewFailure(v1alpha1.ReasonFailed, "list providers: no") },
			v1alpha1.CallbackDistinctCondition, metav1.ConditionUnknown, v1alpha1.ReasonFailed, "list providers: no",
		},
		"the callback of one without a realm": {
			func(st *state) { st.realm = nil },
			v1alpha1.CallbackDistinctCondition, metav1.ConditionUnknown, v1alpha1.ReasonBlocked, "RealmFound",
		},
		"one that is offered whatever the provider said": {
			func(st *state) {
				st.answer.Discovered = preflight.Finding{Status: metav1.ConditionFalse, Reason: v1alpha1.ReasonUnreachable, Message: "away"}
			},
			v1alpha1.AttachedCondition, metav1.ConditionTrue, v1alpha1.ReasonAttached, "Every pod",
		},
		"one of which nobody knows whether it works": {
			func(st *state) {
				st.answer.CredentialsAccepted = preflight.Finding{Status: metav1.ConditionUnknown, Reason: v1alpha1.ReasonUnproven, Message: "odd"}
			},
			v1alpha1.ReadyCondition, metav1.ConditionUnknown, v1alpha1.ReasonUnproven, "CredentialsAccepted: odd",
		},
		"what is wrong before what nobody knows": {
			func(st *state) {
				st.answer.CredentialsAccepted = preflight.Finding{Status: metav1.ConditionUnknown, Reason: v1alpha1.ReasonUnproven, Message: "odd"}
				st.realm.Status.Providers = nil
			},
			v1alpha1.ReadyCondition, metav1.ConditionFalse, v1alpha1.ReasonPropagating, "Attached: ",
		},
		"a realm that does not know it": {
			func(st *state) { st.realm.Status.Providers = nil },
			v1alpha1.AttachedCondition, metav1.ConditionFalse, v1alpha1.ReasonPropagating, "has not taken up",
		},
		"a realm with its earlier settings": {
			func(st *state) { st.revision = "s" },
			v1alpha1.AttachedCondition, metav1.ConditionFalse, v1alpha1.ReasonPropagating, "has not taken up",
		},
		"a pod that lags": {
			func(st *state) { st.realm.Status.Providers[1].Attached = false },
			v1alpha1.ReadyCondition, metav1.ConditionFalse, v1alpha1.ReasonPropagating, "Attached: Not every pod",
		},
		"a realm of no pods": {
			func(st *state) { st.realm.Spec.Replicas = new(int32(0)) },
			v1alpha1.AttachedCondition, metav1.ConditionFalse, v1alpha1.ReasonScaledToZero, "no pods",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			st := offered()
			c.change(&st)
			status := statusOf(testProvider(), st)
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

// A promise to name the issuer holds while the provider is away, and is not taken
// back by what it says later: that would take the shared callback from others.
func TestAPromiseHolds(t *testing.T) {
	t.Parallel()
	const google = "https://accounts.google.com"
	found := func(status metav1.ConditionStatus, named string) *preflight.Answer {
		return &preflight.Answer{Discovered: preflight.Finding{Status: status}, NamedIssuer: named}
	}
	for name, c := range map[string]struct {
		before string
		answer *preflight.Answer
		want   string
	}{
		"one that is given":         {"", found(metav1.ConditionTrue, google), google},
		"one that is kept":          {google, found(metav1.ConditionTrue, google), google},
		"one that nobody relied on": {google, found(metav1.ConditionTrue, ""), ""},
		"of a provider that is away, or that takes back what is relied on": {google, found(metav1.ConditionFalse, ""), google},
		"of a provider that is not asked":                                  {google, nil, google},
		"of another issuer":                                                {"https://before.example.com", found(metav1.ConditionFalse, ""), ""},
	} {
		p := testProvider()
		p.Status.NamedIssuer = c.before
		if got := (state{answer: c.answer}).namedIssuer(p); got != c.want {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
	}
}

func TestStatusOfAProviderSeenTwiceIsTheSame(t *testing.T) {
	t.Parallel()
	p := testProvider()
	p.Status = statusOf(p, offered())
	if again := statusOf(p, offered()); !equality.Semantic.DeepEqual(p.Status, again) {
		t.Errorf("a second pass says\n%+v\nafter\n%+v", again, p.Status)
	}
}
