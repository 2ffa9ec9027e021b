// SPDX-License-Identifier: Apache-2.0

package oauthclient

import (
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/api/equality"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/realmkeeper/realmkeeper/api/v1alpha1"
	"github.com/realmkeeper/realmkeeper/authserver/realmconfig"
	"github.com/realmkeeper/realmkeeper/controllers/internal/attached"
	"github.com/realmkeeper/realmkeeper/controllers/internal/clientsecret"
	"github.com/realmkeeper/realmkeeper/controllers/internal/conditions"
	"github.com/realmkeeper/realmkeeper/controllers/internal/render"
)

func testClient() *v1alpha1.OAuthClient {
	return &v1alpha1.OAuthClient{
		ObjectMeta: metav1.ObjectMeta{Namespace: "shop", Name: "web", Generation: 4, UID: "uid", CreationTimestamp: metav1.NewTime(start)},
		Spec: v1alpha1.OAuthClientSpec{
			RealmRef:     v1alpha1.ClientRealmRef{Name: "staff", Namespace: "identity"},
			RedirectURIs: []v1alpha1.RedirectURI{"https://shop.example.com/callback"},
		},
	}
}

func secretOf(name string) *clientsecret.Secret {
	return &clientsecret.Secret{Digest: realmconfig.DigestSecret(name), MadeAt: start, WrittenAt: start}
}

// ready is the state of a client with which all is well.
func ready(t *testing.T, c *v1alpha1.OAuthClient) state {
	t.Helper()
	st := state{
		now: start, named: render.RealmOfClient(c),
		realm:  &v1alpha1.AuthRealm{ObjectMeta: metav1.ObjectMeta{Namespace: "identity", Name: "staff"}},
		secret: secretState{policy: policyOf(c), name: "web-oauth-client", source: "s", secrets: clientsecret.Secrets{Active: secretOf("live")}},
	}
	st.settle(t, c)
	return st
}

// settle lets pods know the client as the state has it.
func (st *state) settle(t *testing.T, c *v1alpha1.OAuthClient) {
	t.Helper()
	status, err := statusOf(c, *st)
	if err != nil {
		t.Fatal(err)
	}
	st.seen.uptake = attached.Uptake{Revision: status.Revision, Everywhere: true}
}

func TestConditionsOfAClient(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		change func(*v1alpha1.OAuthClient, *state)
		// unknown is set where pods do not know what the change brings.
		unknown bool
		kind    string
		status  metav1.ConditionStatus
		reason  string
		says    string
	}{
		"one with which all is well": {
			func(*v1alpha1.OAuthClient, *state) {}, false,
			v1alpha1.ReadyCondition, metav1.ConditionTrue, v1alpha1.ReasonReady, "every pod of the realm knows it",
		},
		"one without a realm": {
			func(_ *v1alpha1.OAuthClient, st *state) { st.realm = nil }, false,
			v1alpha1.RealmFoundCondition, metav1.ConditionFalse, v1alpha1.ReasonRealmNotFound, `no AuthRealm "staff" in namespace "identity"`,
		},
		"one whose realm is elsewhere": {
			func(_ *v1alpha1.OAuthClient, st *state) { st.realm, st.elsewhere = nil, "people" }, false,
			v1alpha1.RealmFoundCondition, metav1.ConditionFalse, v1alpha1.ReasonRealmNotFound, `namespace "people"`,
		},
		"whether one without a realm is admitted": {
			func(_ *v1alpha1.OAuthClient, st *state) { st.realm = nil }, false,
			v1alpha1.AdmittedCondition, metav1.ConditionUnknown, v1alpha1.ReasonBlocked, "RealmFound",
		},
		"the Secret of one without a realm": {
			func(_ *v1alpha1.OAuthClient, st *state) { st.realm = nil }, false,
			v1alpha1.SecretWrittenCondition, metav1.ConditionUnknown, v1alpha1.ReasonBlocked, "RealmFound",
		},
		"one whose realm cannot be read": {
			func(_ *v1alpha1.OAuthClient, st *state) {
				st.realm, st.realmUnknown = nil, conditions.NewFailure(v1alpha1.ReasonFailed, "no answer")
			}, false,
			v1alpha1.AttachedCondition, metav1.ConditionUnknown, v1alpha1.ReasonFailed, "no answer",
		},
		"one that is not admitted": {
			func(_ *v1alpha1.OAuthClient, st *state) {
				st.refusal = conditions.NewFailure(v1alpha1.ReasonNamespaceNotAllowed, "not from here")
			}, false,
			v1alpha1.ReadyCondition, metav1.ConditionFalse, v1alpha1.ReasonNamespaceNotAllowed, "Admitted: not from here",
		},
		"what pods know of one that is not admitted": {
			func(_ *v1alpha1.OAuthClient, st *state) {
				st.refusal = conditions.NewFailure(v1alpha1.ReasonNamespaceNotAllowed, "not from here")
			}, false,
			v1alpha1.AttachedCondition, metav1.ConditionFalse, v1alpha1.ReasonBlocked, "because of what Admitted says",
		},
		"one whose example does not hold": {
			func(c *v1alpha1.OAuthClient, st *state) {
				c.Spec.Claims = []v1alpha1.Claim{{Name: "a", Expression: "1"}}
				st.claims = conditions.NewFailure(v1alpha1.ReasonExampleFailed, "a is 1, want 2")
			}, false,
			v1alpha1.ReadyCondition, metav1.ConditionFalse, v1alpha1.ReasonExampleFailed, "ClaimsReady: a is 1, want 2. Claims stay as they were before",
		},
		"the Secret of one whose example does not hold": {
			func(_ *v1alpha1.OAuthClient, st *state) {
				st.claims = conditions.NewFailure(v1alpha1.ReasonExampleFailed, "a is 1, want 2")
			}, false,
			v1alpha1.SecretWrittenCondition, metav1.ConditionTrue, v1alpha1.ReasonWritten, "has what the application needs",
		},
		"the claims of one without any": {
			func(*v1alpha1.OAuthClient, *state) {}, false,
			v1alpha1.ClaimsReadyCondition, metav1.ConditionTrue, v1alpha1.ReasonNotRequested, "what they say of everybody",
		},
		"the claims of one without a realm": {
			func(_ *v1alpha1.OAuthClient, st *state) { st.realm = nil }, false,
			v1alpha1.ClaimsReadyCondition, metav1.ConditionUnknown, v1alpha1.ReasonBlocked, "RealmFound",
		},
		"the claims of one that is not admitted": {
			func(_ *v1alpha1.OAuthClient, st *state) {
				st.refusal = conditions.NewFailure(v1alpha1.ReasonNamespaceNotAllowed, "not from here")
			}, false,
			v1alpha1.ClaimsReadyCondition, metav1.ConditionUnknown, v1alpha1.ReasonBlocked, "because of what Admitted says",
		},
		"claims without examples": {
			func(c *v1alpha1.OAuthClient, _ *state) {
				c.Spec.Claims = []v1alpha1.Claim{{Name: "a", Expression: "1"}}
			}, false,
			v1alpha1.ClaimsReadyCondition, metav1.ConditionTrue, v1alpha1.ReasonAccepted, "One claim can be evaluated; examples would show",
		},
		"one with its first secret on the way": {
			func(_ *v1alpha1.OAuthClient, st *state) {
				st.secret.secrets, st.secret.missing = clientsecret.Secrets{Pending: secretOf("new")}, true
			}, true,
			v1alpha1.SecretWrittenCondition, metav1.ConditionFalse, v1alpha1.ReasonPropagating, `"web-oauth-client"`,
		},
		"one with another secret on the way": {
			func(_ *v1alpha1.OAuthClient, st *state) { st.secret.secrets.Pending = secretOf("new") }, true,
			v1alpha1.SecretWrittenCondition, metav1.ConditionTrue, v1alpha1.ReasonRotating, "knows the new secret",
		},
		"one with two secrets": {
			func(_ *v1alpha1.OAuthClient, st *state) { st.secret.secrets.Retiring = secretOf("old") }, false,
			v1alpha1.SecretWrittenCondition, metav1.ConditionTrue, v1alpha1.ReasonOverlapping, "good until 2026-11-23T10:00:00Z, and no pod has seen it used",
		},
		"one whose older secret is used": {
			func(_ *v1alpha1.OAuthClient, st *state) {
				st.secret.secrets.Retiring, st.seen.olderUsedOn = secretOf("old"), "2026-11-22"
			}, false,
			v1alpha1.SecretWrittenCondition, metav1.ConditionTrue, v1alpha1.ReasonOverlapping, "was last used on 2026-11-22",
		},
		"one whose Secret is somebody else's": {
			func(_ *v1alpha1.OAuthClient, st *state) {
				st.secret.failure = conditions.NewFailure(v1alpha1.ReasonNameTaken, "theirs")
			}, false,
			v1alpha1.ReadyCondition, metav1.ConditionFalse, v1alpha1.ReasonNameTaken, "SecretWritten: theirs",
		},
		"one that shows no secret": {
			func(c *v1alpha1.OAuthClient, _ *state) { c.Spec.Type = v1alpha1.PublicClient }, false,
			v1alpha1.SecretWrittenCondition, metav1.ConditionTrue, v1alpha1.ReasonNotNeeded, "no secret",
		},
		"one that pods do not know yet": {
			func(c *v1alpha1.OAuthClient, _ *state) { c.Spec.DisplayName = "Shop" }, true,
			v1alpha1.AttachedCondition, metav1.ConditionFalse, v1alpha1.ReasonPropagating, "Not every pod",
		},
		"one that a pod refuses": {
			func(_ *v1alpha1.OAuthClient, st *state) { st.seen.refused = "scopes[0]: is bad" }, false,
			v1alpha1.AttachedCondition, metav1.ConditionFalse, v1alpha1.ReasonRefused, "scopes[0]: is bad",
		},
		"one for which there is no room": {
			func(_ *v1alpha1.OAuthClient, st *state) {
				st.seen = view{reason: v1alpha1.ReasonNoRoom, message: noRoom}
			}, true,
			v1alpha1.ReadyCondition, metav1.ConditionFalse, v1alpha1.ReasonNoRoom, "no room",
		},
		"one that was made again": {
			func(_ *v1alpha1.OAuthClient, st *state) { st.seen = view{begins: start.Add(time.Minute)} }, true,
			v1alpha1.AttachedCondition, metav1.ConditionFalse, v1alpha1.ReasonPropagating, "from 2026-11-22T10:01:00Z on",
		},
		"one that waits for a key": {
			func(_ *v1alpha1.OAuthClient, st *state) { st.seen.key = keyWait{waits: true} }, false,
			v1alpha1.AttachedCondition, metav1.ConditionFalse, v1alpha1.ReasonSigningKeyPending, "none is signed until then",
		},
		"one that waits for another key": {
			func(_ *v1alpha1.OAuthClient, st *state) {
				st.seen.key = keyWait{waits: true, meanwhile: realmconfig.RS256}
			}, false,
			v1alpha1.ReadyCondition, metav1.ConditionFalse, v1alpha1.ReasonSigningKeyPending, "signed with RS256 until then",
		},
		"one of a realm without pods": {
			func(_ *v1alpha1.OAuthClient, st *state) { st.realm.Spec.Replicas = new(int32(0)) }, false,
			v1alpha1.AttachedCondition, metav1.ConditionFalse, v1alpha1.ReasonScaledToZero, "no pods",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			asked := testClient()
			st := ready(t, asked)
			c.change(asked, &st)
			if !c.unknown && st.realm != nil {
				st.settle(t, asked)
			}
			status, err := statusOf(asked, st)
			if err != nil {
				t.Fatal(err)
			}
			got := meta.FindStatusCondition(status.Conditions, c.kind)
			if got.Status != c.status || got.Reason != c.reason || !strings.Contains(got.Message, c.says) || got.ObservedGeneration != 4 {
				t.Errorf("%s is %s/%s %q of generation %d", c.kind, got.Status, got.Reason, got.Message, got.ObservedGeneration)
			}
			var types []string
			for _, c := range status.Conditions {
				types = append(types, c.Type)
			}
			if !slices.Equal(types, v1alpha1.OAuthClientConditions()) {
				t.Errorf("conditions are %v", types)
			}
		})
	}
}

// What an earlier operator has said of pods holds until something changes.
func TestWhatEveryPodHasRunIsRemembered(t *testing.T) {
	t.Parallel()
	c := testClient()
	st := ready(t, c)
	var err error
	if c.Status, err = statusOf(c, st); err != nil {
		t.Fatal(err)
	}
	st.seen = view{}
	again, err := statusOf(c, st)
	if err != nil || !equality.Semantic.DeepEqual(c.Status, again) {
		t.Errorf("an operator that starts says\n%+v\nafter\n%+v (%v)", again, c.Status, err)
	}
	c.Generation++
	if known(c, st, c.Status.Revision) {
		t.Error("of another spec, it is still known")
	}
}

func TestSecretsAreRememberedAsTheyWere(t *testing.T) {
	t.Parallel()
	c := testClient()
	st := ready(t, c)
	st.secret.secrets.Pending = &clientsecret.Secret{Digest: realmconfig.DigestSecret("new"), MadeAt: start.Add(time.Hour)}
	st.secret.secrets.Retiring = secretOf("old")
	var err error
	if c.Status, err = statusOf(c, st); err != nil {
		t.Fatal(err)
	}
	if got := remembered(c); !reflect.DeepEqual(got.secrets, st.secret.secrets) || got.name != st.secret.name || got.source != st.secret.source {
		t.Errorf("%+v is remembered of %+v", got, st.secret)
	}
}
