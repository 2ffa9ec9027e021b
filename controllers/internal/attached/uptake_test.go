// SPDX-License-Identifier: Apache-2.0

package attached_test

import (
	"strings"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/realmkeeper/realmkeeper/api/v1alpha1"
	"github.com/realmkeeper/realmkeeper/controllers/internal/attached"
	"github.com/realmkeeper/realmkeeper/controllers/internal/conditions"
)

func TestWhatEveryPodHasRunStaysSoWhileOtherSettingsAreOnTheirWay(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		before     attached.Uptake
		pods       int
		everywhere bool
		want       bool
	}{
		"every pod runs it":                  {attached.Uptake{}, 2, true, true},
		"a pod does not run it yet":          {attached.Uptake{}, 2, false, false},
		"every pod ran it before":            {attached.Uptake{Revision: "r", Everywhere: true}, 2, false, true},
		"every pod ran another revision":     {attached.Uptake{Revision: "q", Everywhere: true}, 2, false, false},
		"a pod lagged before as well":        {attached.Uptake{Revision: "r"}, 2, false, false},
		"no pod is there, though all ran it": {attached.Uptake{Revision: "r", Everywhere: true}, 0, true, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			want := attached.Uptake{Revision: "r", Everywhere: c.want}
			if got := c.before.Next("r", c.pods, c.everywhere); got != want {
				t.Errorf("the uptake is %+v, want %+v", got, want)
			}
		})
	}
}

func TestAttachedSaysWhatAnObjectWaitsFor(t *testing.T) {
	t.Parallel()
	none, everywhere := int32(0), attached.Uptake{Revision: "r", Everywhere: true}
	refused := []metav1.Condition{conditions.False("SecretFound", "x", "x"), conditions.True("Accepted", "x", "x")}
	for name, c := range map[string]struct {
		unread   *conditions.Failure
		needed   []metav1.Condition
		replicas *int32
		uptake   attached.Uptake
		status   metav1.ConditionStatus
		reason   string
		says     string
	}{
		"every pod offers it":     {nil, nil, nil, everywhere, metav1.ConditionTrue, v1alpha1.ReasonAttached, `Every pod of AuthRealm "staff"`},
		"a pod lags":              {nil, nil, nil, attached.Uptake{Revision: "r"}, metav1.ConditionFalse, v1alpha1.ReasonPropagating, "Not every pod"},
		"it was not taken up yet": {nil, nil, nil, attached.Uptake{}, metav1.ConditionFalse, v1alpha1.ReasonPropagating, "has not taken up"},
		"there are no pods":       {nil, nil, &none, everywhere, metav1.ConditionFalse, v1alpha1.ReasonScaledToZero, "no pods"},
		"the realm leaves it out": {nil, refused, nil, everywhere, metav1.ConditionFalse, v1alpha1.ReasonBlocked, "because of what SecretFound says"},
		"what is not known leaves nothing out": {
			nil, []metav1.Condition{conditions.Unknown("SecretFound", "x", "x")}, nil, everywhere,
			metav1.ConditionTrue, v1alpha1.ReasonAttached, "Every pod",
		},
		"nobody knows the realm": {
			conditions.NewFailure(v1alpha1.ReasonFailed, "get realm: no"), nil, nil, everywhere,
			metav1.ConditionUnknown, v1alpha1.ReasonFailed, "get realm: no",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			realm := &v1alpha1.AuthRealm{ObjectMeta: metav1.ObjectMeta{Name: "staff"}, Spec: v1alpha1.AuthRealmSpec{Replicas: c.replicas}}
			got := attached.Attached(realm, c.unread, c.needed, c.uptake, "r")
			if got.Status != c.status || got.Reason != c.reason || !strings.Contains(got.Message, c.says) {
				t.Errorf("Attached is %s/%s %q", got.Status, got.Reason, got.Message)
			}
		})
	}
}
