// SPDX-License-Identifier: Apache-2.0

package controllers_test

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"testing"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	autoscalingv2 "k8s.io/api/autoscaling/v2"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/realmkeeper/realmkeeper/api/v1alpha1"
	"github.com/realmkeeper/realmkeeper/internal/testenv/eventually"
)

// settledRealm is a realm with two pods and a provider, of which nothing is left to do.
func settledRealm(t *testing.T) *world {
	t.Helper()
	w := newWorld(t)
	w.realm()
	w.clientSecret("google", "the client secret")
	w.provider("google")
	w.ready(2)
	w.awaitOffered("google")
	w.rest()
	return w
}

// awaitOffered waits until pods run a provider, and everybody has said so.
func (w *world) awaitOffered(name string) {
	w.t.Helper()
	eventually.Succeeds(w.t, func(context.Context) error {
		status := w.read().Status
		if len(status.Providers) != 1 || status.Providers[0].Name != name || !status.Providers[0].Ready {
			return fmt.Errorf("providers are %+v", status.Providers)
		}
		return nil
	})
}

// restarted runs the operator again after something was done in its absence, and waits
// until nothing is left to do. It returns how often it asked for a change.
func (w *world) restarted(meanwhile func()) (writes int64) {
	w.t.Helper()
	w.stop()
	meanwhile()
	asked, before := w.pods.timesAsked(), w.requests.writes.Load()
	w.startOperator()
	eventually.Succeeds(w.t, func(context.Context) error {
		if w.pods.timesAsked() < asked+2 {
			return fmt.Errorf("no pass was made yet")
		}
		return nil
	})
	w.rest()
	return w.requests.writes.Load() - before
}

func TestARestartWritesNothing(t *testing.T) {
	t.Parallel()
	w := settledRealm(t)
	for range 2 {
		if n := w.restarted(func() {}); n > 0 {
			t.Errorf("%d requests asked for a change, though nothing was to be changed", n)
		}
	}
}

// One that finds a change writes what that takes, and nothing besides.
func TestARestartWritesWhatAChangeTakes(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		change func(*v1alpha1.AuthRealmSpec, time.Time)
		takes  []string
	}{
		"of a setting": {func(s *v1alpha1.AuthRealmSpec, _ time.Time) {
			s.Passwords = &v1alpha1.Passwords{BcryptCost: ptr[int32](10)}
		}, []string{"AuthRealm", "ConfigMap staff-config-v1"}},
		"of the keys": {func(s *v1alpha1.AuthRealmSpec, now time.Time) {
			s.SigningKeys = &v1alpha1.SigningKeys{RotateAfter: &metav1.Time{Time: now}}
		}, []string{"AuthRealm", "Secret staff-signing-keys"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := settledRealm(t)
			before := w.versions()
			w.clock.advance(2 * time.Second) // since the key was made
			w.restarted(func() { w.edit(func(s *v1alpha1.AuthRealmSpec) { c.change(s, w.clock.now()) }) })
			if moved := movedSince(before, w.versions()); !slices.Equal(moved, c.takes) {
				t.Errorf("%v were written, want %v", moved, c.takes)
			}
		})
	}
}

// movedSince are those that have another version.
func movedSince(before, after map[string]string) []string {
	var moved []string
	for child := range before {
		if before[child] != after[child] {
			moved = append(moved, child)
		}
	}
	slices.Sort(moved)
	return moved
}

// The same of what not every realm has, some of which others write to all the time.
func TestARestartWritesNothingOfWhatFewRealmsHave(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.realm(follow(8), func(s *v1alpha1.AuthRealmSpec) {
		s.Exposure = &v1alpha1.Exposure{Ingress: &v1alpha1.IngressExposure{ClassName: "nginx"}}
		s.NetworkPolicy = &v1alpha1.NetworkPolicy{}
	})
	w.run(3)
	w.await(v1alpha1.ExposedCondition, metav1.ConditionTrue, v1alpha1.ReasonExposed)
	w.rest()
	scaler, ingress, policy := &autoscalingv2.HorizontalPodAutoscaler{}, &networkingv1.Ingress{}, &networkingv1.NetworkPolicy{}
	n := w.restarted(func() {
		w.get(scaler, "staff")
		scaler.Status.CurrentReplicas = 3
		if err := w.Status().Update(t.Context(), scaler); err != nil {
			t.Fatal(err)
		}
	})
	if n > 0 {
		t.Errorf("%d requests asked for a change, though nothing was to be changed", n)
	}

	w.restarted(func() {
		w.get(scaler, "staff")
		w.get(ingress, "staff")
		w.get(policy, "staff")
		scaler.Spec.MaxReplicas, ingress.Spec.Rules[0].Host, policy.Spec.PodSelector = 99, "evil.example.com", metav1.LabelSelector{}
		for _, o := range []client.Object{scaler, ingress, policy} {
			if err := w.Update(t.Context(), o); err != nil {
				t.Fatal(err)
			}
		}
	})
	w.get(scaler, "staff")
	w.get(ingress, "staff")
	w.get(policy, "staff")
	if scaler.Spec.MaxReplicas != 8 || ingress.Spec.Rules[0].Host != "login.example.com" || len(policy.Spec.PodSelector.MatchLabels) == 0 {
		t.Errorf("they are %+v, %+v and %+v", scaler.Spec, ingress.Spec.Rules, policy.Spec.PodSelector)
	}
}

// What somebody changes while nobody looks is as it was before, of every kind.
func TestARestartRestoresWhatWasChangedMeanwhile(t *testing.T) {
	t.Parallel()
	w := settledRealm(t)
	before := map[string]string{}
	w.restarted(func() {
		for child, o := range everyChild() {
			w.get(o, nameIn(child))
			before[child] = content(t, o)
			if err := w.Patch(t.Context(), o, client.RawPatch(types.MergePatchType, []byte(spoiled(o))), client.FieldOwner("somebody")); err != nil {
				t.Fatal(err)
			}
			if content(t, o) == before[child] {
				t.Fatalf("nothing of %s was changed", child)
			}
		}
	})
	for child, o := range everyChild() {
		w.get(o, nameIn(child))
		if after := content(t, o); after != before[child] {
			t.Errorf("%s is\n%s\nand was\n%s", child, after, before[child])
		}
	}
}

// spoiled is a change of something that the operator has written of an object.
func spoiled(o client.Object) string {
	switch o := o.(type) {
	case *appsv1.Deployment:
		return `{"spec": {"replicas": 7}}`
	case *appsv1.StatefulSet:
		return `{"spec": {"replicas": 0}}`
	case *corev1.Service:
		return `{"spec": {"selector": {"app.kubernetes.io/name": "another"}}}`
	case *corev1.ConfigMap:
		key := slices.Sorted(maps.Keys(o.Data))[0]
		return fmt.Sprintf(`{"data": {%q: "another"}}`, key)
	case *corev1.Secret:
		return `{"metadata": {"labels": {"app.kubernetes.io/component": "another"}}}`
	}
	return `{"metadata": {"labels": {"app.kubernetes.io/managed-by": "somebody"}}}`
}

// content is an object without what the API server notes of each write.
func content(t *testing.T, o client.Object) string {
	t.Helper()
	plain, ok := o.DeepCopyObject().(client.Object)
	if !ok {
		t.Fatalf("%T is no object", o)
	}
	plain.SetManagedFields(nil)
	plain.SetResourceVersion("")
	plain.SetGeneration(0)
	document, err := json.Marshal(plain)
	if err != nil {
		t.Fatal(err)
	}
	var fields map[string]any
	if err := json.Unmarshal(document, &fields); err != nil {
		t.Fatal(err)
	}
	delete(fields, "status")
	document, err = json.Marshal(fields)
	if err != nil {
		t.Fatal(err)
	}
	return string(document)
}

func TestARestartRestoresACredentialThatWasChangedMeanwhile(t *testing.T) {
	t.Parallel()
	w := settledRealm(t)
	s := &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Name: "staff-provider-credentials"}}
	w.restarted(func() { w.put(s, "google", "somebody else's") })
	w.awaitCredential("the client secret")
}

func TestARestartTakesUpASecretThatWasChangedMeanwhile(t *testing.T) {
	t.Parallel()
	w := settledRealm(t)
	s := &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Name: "google"}}
	w.restarted(func() { w.put(s, "clientSecret", "another client secret") })
	w.awaitCredential("another client secret")
}

// awaitCredential waits until pods are given a client secret.
func (w *world) awaitCredential(value string) {
	w.t.Helper()
	eventually.Succeeds(w.t, func(context.Context) error {
		s := &corev1.Secret{}
		w.get(s, "staff-provider-credentials")
		if got := string(s.Data["google"]); got != value {
			return fmt.Errorf("pods are given %q", got)
		}
		return nil
	})
}

func TestARestartMakesAgainWhatWasLostMeanwhile(t *testing.T) {
	t.Parallel()
	w := settledRealm(t)
	lost := map[string]client.Object{
		"staff-config-v1": &corev1.ConfigMap{}, "staff": &corev1.Service{}, "staff-provider-credentials": &corev1.Secret{}, "staff-cache": &appsv1.Deployment{},
	}
	w.stop()
	for name, o := range lost {
		w.get(o, name)
		if err := w.Delete(t.Context(), o); err != nil {
			t.Fatal(err)
		}
	}
	w.startOperator()
	for name, o := range lost {
		w.awaitObject(o, name)
	}
	w.awaitCredential("the client secret")
}

// One that renders something else writes that, and nothing besides.
func TestAnotherReleaseWritesWhatItRendersOtherwise(t *testing.T) {
	t.Parallel()
	w := settledRealm(t)
	before := w.versions()
	w.stop()
	w.image = "realmkeeper:next"
	w.startOperator()
	w.awaitImage("realmkeeper:next")
	w.settle()
	for _, child := range movedSince(before, w.versions()) {
		if child != "AuthRealm" && child != "Deployment staff" && child != "StatefulSet staff-database" {
			t.Errorf("%s was written", child)
		}
	}
}

// What is remembered is about one object: one that was made anew is another, whatever its
// generation.
func TestARestartRestoresAnObjectThatWasMadeAnewMeanwhile(t *testing.T) {
	t.Parallel()
	w := settledRealm(t)
	w.restarted(func() {
		d := &appsv1.Deployment{}
		w.get(d, "staff")
		stored := d.DeepCopy()
		if err := w.Delete(t.Context(), d); err != nil {
			t.Fatal(err)
		}
		stored.ResourceVersion, stored.UID, stored.Generation, stored.ManagedFields = "", "", 0, nil
		stored.Spec.Template.Spec.Containers[0].Image = "another"
		w.create(stored)
		w.runDeployment("staff", 2)
	})
	w.awaitImage("realmkeeper:test")
}

// Of a pass that was broken off nothing is remembered, and the next operator does it all.
func TestWhatABrokenPassHasWrittenIsWrittenAgain(t *testing.T) {
	t.Parallel()
	w := settledRealm(t)
	var remembered []v1alpha1.AppliedObject
	w.restarted(func() {
		realm := w.read()
		remembered = realm.Status.Applied
		before := realm.DeepCopy()
		realm.Status.Applied = realm.Status.Applied[:5]
		if err := w.Status().Patch(t.Context(), realm, client.MergeFrom(before)); err != nil {
			t.Fatal(err)
		}
	})
	eventually.Succeeds(t, func(context.Context) error {
		if got := w.read().Status.Applied; len(got) != len(remembered) {
			return fmt.Errorf("%d objects are remembered, want %d", len(got), len(remembered))
		}
		return nil
	})
}
