// SPDX-License-Identifier: Apache-2.0

package controllers_test

import (
	"context"
	"fmt"
	"testing"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/realmkeeper/realmkeeper/api/v1alpha1"
	"github.com/realmkeeper/realmkeeper/internal/testenv/eventually"
)

func TestYoungerRealmOfAnIssuerIsToldUntilItIsTheOnlyOne(t *testing.T) {
	t.Parallel()
	for name, end := range map[string]func(w *world, elder *v1alpha1.AuthRealm) error{
		"the elder is deleted": func(w *world, elder *v1alpha1.AuthRealm) error { return w.Delete(w.t.Context(), elder) },
		"the elder gets another issuer": func(w *world, elder *v1alpha1.AuthRealm) error {
			elder.Spec.Issuer = "https://elder.example.com"
			return w.Update(w.t.Context(), elder)
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.realm()
			w.create(&v1alpha1.AuthRealm{
				ObjectMeta: metav1.ObjectMeta{Name: "guests", Namespace: w.namespace},
				Spec:       v1alpha1.AuthRealmSpec{Issuer: "https://login.example.com"},
			})
			elder, younger := w.rivals()
			told := w.issuerCondition(younger)
			if told.Reason != v1alpha1.ReasonDuplicateIssuer ||
				told.Message != fmt.Sprintf("AuthRealm %q in namespace %q has the same issuer and is older; give one of them another issuer", elder, w.namespace) {
				t.Errorf("the younger says %s: %s", told.Reason, told.Message)
			}

			realm := &v1alpha1.AuthRealm{}
			w.get(realm, elder)
			if err := end(w, realm); err != nil {
				t.Fatal(err)
			}
			eventually.Succeeds(t, func(context.Context) error {
				if c := w.issuerCondition(younger); c.Status != metav1.ConditionTrue {
					return fmt.Errorf("it says %s: %s", c.Reason, c.Message)
				}
				return nil
			})
		})
	}
}

// rivals waits until one of the two realms yields to the other.
func (w *world) rivals() (elder, younger string) {
	w.t.Helper()
	eventually.Succeeds(w.t, func(context.Context) error {
		first, second := w.issuerCondition(realmName), w.issuerCondition("guests")
		switch {
		case first.Status == metav1.ConditionTrue && second.Status == metav1.ConditionFalse:
			elder, younger = realmName, "guests"
		case first.Status == metav1.ConditionFalse && second.Status == metav1.ConditionTrue:
			elder, younger = "guests", realmName
		default:
			return fmt.Errorf("one says %q, the other %q", first.Message, second.Message)
		}
		return nil
	})
	return elder, younger
}

func (w *world) issuerCondition(name string) metav1.Condition {
	w.t.Helper()
	realm := &v1alpha1.AuthRealm{}
	w.get(realm, name)
	if c := meta.FindStatusCondition(realm.Status.Conditions, v1alpha1.IssuerUniqueCondition); c != nil {
		return *c
	}
	return metav1.Condition{}
}
