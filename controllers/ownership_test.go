// SPDX-License-Identifier: Apache-2.0

package controllers_test

import (
	"context"
	"fmt"
	"maps"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/realmkeeper/realmkeeper/api/v1alpha1"
	"github.com/realmkeeper/realmkeeper/internal/testenv/eventually"
)

const mark = "auth.realmkeeper.io/realm"

// label sets the labels of a Secret, and removes those with no value.
func (w *world) label(secret string, labels map[string]string) {
	w.t.Helper()
	eventually.Succeeds(w.t, func(ctx context.Context) error {
		s := &corev1.Secret{}
		w.get(s, secret)
		maps.Copy(s.Labels, labels)
		maps.DeleteFunc(s.Labels, func(_, value string) bool { return value == "" })
		return w.Update(ctx, s)
	})
}

// awaitLabels waits until a Secret has the labels of the realm's own.
func (w *world) awaitLabels(secret string) {
	w.t.Helper()
	eventually.Succeeds(w.t, func(context.Context) error {
		s := &corev1.Secret{}
		w.get(s, secret)
		for name, want := range map[string]string{
			mark: realmName, "app.kubernetes.io/instance": realmName,
			"app.kubernetes.io/managed-by": "realmkeeper", "app.kubernetes.io/name": "realmkeeper",
		} {
			if s.Labels[name] != want {
				return fmt.Errorf("%s has the labels %v", secret, s.Labels)
			}
		}
		return nil
	})
}

func TestCommonLabelsThatAToolOverwritesAreRepaired(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.realm()
	w.ready(2)
	kept := []string{"staff-encryption-keys", "staff-initial-admin", "staff-signing-keys", "staff-database"}
	before := w.secrets(kept...)
	for _, name := range kept {
		w.label(name, map[string]string{
			"app.kubernetes.io/instance": "argo", "app.kubernetes.io/managed-by": "Helm", "app.kubernetes.io/name": "identity",
		})
		w.awaitLabels(name)
	}
	w.await(v1alpha1.ReadyCondition, metav1.ConditionTrue, v1alpha1.ReasonReady)
	for name, data := range w.secrets(kept...) {
		for key, value := range data {
			if string(value) != string(before[name][key]) {
				t.Errorf("%s of %s has changed", key, name)
			}
		}
	}
	w.awaitEvents(map[string]int{"NotReady": 0, "SecretRemade": 0})
}

func TestSecretsFromBeforeThereWasAMarkAreAdoptedAndMarked(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.realm()
	w.ready(2)
	w.stop()
	for _, name := range []string{"staff-encryption-keys", "staff-initial-admin", "staff-signing-keys"} {
		w.label(name, map[string]string{mark: ""})
	}
	w.startOperator()
	for _, name := range []string{"staff-encryption-keys", "staff-initial-admin", "staff-signing-keys"} {
		w.awaitLabels(name)
	}
	w.await(v1alpha1.ReadyCondition, metav1.ConditionTrue, v1alpha1.ReasonReady)
}

// A Secret that was brought back without any label might be anybody's.
func TestASecretWithoutAMarkIsMarkedByAPerson(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.realm()
	w.ready(2)
	w.stop()
	w.label("staff-encryption-keys", map[string]string{
		mark: "", "app.kubernetes.io/instance": "argo", "app.kubernetes.io/managed-by": "", "app.kubernetes.io/name": "",
	})
	before := w.secrets("staff-encryption-keys")
	w.startOperator()
	w.await(v1alpha1.ResourcesAppliedCondition, metav1.ConditionFalse, v1alpha1.ReasonNameTaken,
		"kubectl -n "+w.namespace+" label secret staff-encryption-keys auth.realmkeeper.io/realm=staff")
	if c := meta.FindStatusCondition(w.read().Status.Conditions, v1alpha1.ResourcesAppliedCondition); strings.Contains(c.Message, "delete") {
		t.Errorf("it advises to delete keys: %s", c.Message)
	}
	w.awaitRevoked(w.revoke()) // meanwhile as ever
	w.await(v1alpha1.AvailableCondition, metav1.ConditionTrue, v1alpha1.ReasonAvailable)

	w.label("staff-encryption-keys", map[string]string{mark: realmName})
	w.await(v1alpha1.ReadyCondition, metav1.ConditionTrue, v1alpha1.ReasonReady)
	if after := w.secrets("staff-encryption-keys"); string(after["staff-encryption-keys"]["keys.json"]) != string(before["staff-encryption-keys"]["keys.json"]) {
		t.Error("the keys are others")
	}
}

func TestASecretRestoredWithItsEarlierOwnerIsKeptByAPerson(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.realm()
	w.ready(2)
	w.stop()
	keys := w.lose("staff-encryption-keys")
	restored := &corev1.Secret{
		ObjectMeta: metav1.ObjectMeta{Name: keys.Name, Labels: keys.Labels, OwnerReferences: []metav1.OwnerReference{{
			APIVersion: v1alpha1.GroupVersion.String(), Kind: "AuthRealm", Name: realmName, UID: "an-earlier-realm", Controller: ptr(true),
		}}},
		Data: keys.Data,
	}
	w.create(restored)
	w.startOperator()
	w.await(v1alpha1.ResourcesAppliedCondition, metav1.ConditionFalse, v1alpha1.ReasonNameTaken, "take its owner away",
		`patch secret staff-encryption-keys --type=json -p '[{"op":"remove","path":"/metadata/ownerReferences"}]'`)
	patch := client.RawPatch(types.JSONPatchType, []byte(`[{"op":"remove","path":"/metadata/ownerReferences"}]`))
	if err := w.Patch(t.Context(), restored, patch); err != nil {
		t.Fatal(err)
	}
	w.await(v1alpha1.ReadyCondition, metav1.ConditionTrue, v1alpha1.ReasonReady)
}
