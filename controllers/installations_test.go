// SPDX-License-Identifier: Apache-2.0

package controllers_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/realmkeeper/realmkeeper/api/v1alpha1"
	"github.com/realmkeeper/realmkeeper/controllers"
	"github.com/realmkeeper/realmkeeper/internal/testenv/eventually"
)

// installed is another installation of the operator on the world's cluster, of a release
// that runs another image. It works everywhere, or in one namespace.
func (w *world) installed(namespace, watched, image string) *world {
	w.t.Helper()
	other := &world{
		t: w.t, plane: w.plane, namespace: w.namespace, Client: w.Client, everywhere: watched == "",
		clock: w.clock, pods: w.pods, providers: w.providers, log: &logBuffer{},
		lease: controllers.LeaseOf(namespace, watched), image: image,
	}
	w.electable(other.lease.Namespace)
	return other
}

// electable lets operators elect one of them in a namespace.
func (w *world) electable(namespace string) {
	w.t.Helper()
	if namespace != w.namespace {
		w.create(&corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: namespace}})
	}
	w.create(
		&rbacv1.Role{ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: "election"}, Rules: []rbacv1.PolicyRule{
			{APIGroups: []string{"coordination.k8s.io"}, Resources: []string{"leases"}, Verbs: []string{"create", "get", "update"}},
			{APIGroups: []string{""}, Resources: []string{"events"}, Verbs: []string{"create", "patch"}},
		}},
		&rbacv1.RoleBinding{
			ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: "election"},
			RoleRef:    rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "Role", Name: "election"},
			Subjects:   []rbacv1.Subject{{Kind: rbacv1.ServiceAccountKind, Namespace: "realmkeeper-system", Name: "realmkeeper-operator"}},
		},
	)
}

// awaitServerOf waits until auth servers run an image, and returns the Deployment.
func (w *world) awaitServerOf(image string) *appsv1.Deployment {
	w.t.Helper()
	d := &appsv1.Deployment{}
	eventually.Succeeds(w.t, func(ctx context.Context) error {
		w.awaitObject(d, realmName)
		if got := d.Spec.Template.Spec.Containers[0].Image; got != image {
			return fmt.Errorf("auth servers run %s, want %s", got, image)
		}
		return nil
	})
	return d
}

// wantLeftAlone checks that nobody changes the Deployment for some passes of whoever would.
func (w *world) wantLeftAlone(d *appsv1.Deployment) {
	w.t.Helper()
	before := d.Generation
	for range 10 {
		time.Sleep(100 * time.Millisecond) // nothing is to happen, which nobody tells
		w.get(d, realmName)
		if d.Generation != before {
			w.t.Fatalf("the Deployment is of generation %d, and was of %d", d.Generation, before)
		}
	}
}

// Two installations of different releases see the same realms. One of them works.
func TestOneInstallationWorksOnARealmAndTheOthersSaySo(t *testing.T) {
	t.Parallel()
	own := controlPlane(t)
	w := newWorldOn(t, own, true)
	w.stop()
	first, second := w.installed("first", "", "realmkeeper:first"), w.installed("second", "", "realmkeeper:second")
	first.startOperator()
	t.Cleanup(func() { first.stop() })
	w.realm()
	w.ready(2)
	d := w.awaitServerOf("realmkeeper:first")

	second.startOperator()
	t.Cleanup(func() { second.stop() })
	w.awaitNote("StandsBack", `that of Lease "operator.auth.realmkeeper.io" in namespace "first" is in charge`)
	w.await(v1alpha1.ResourcesAppliedCondition, metav1.ConditionTrue, v1alpha1.ReasonApplied,
		`Another operator, in namespace "second", stands back from this realm while this one works`)
	w.await(v1alpha1.ReadyCondition, metav1.ConditionTrue, v1alpha1.ReasonReady)
	if !strings.Contains(second.log.String(), "Standing back from what is another installation's") {
		t.Error("the second does not say in its log that it stands back")
	}
	w.edit(func(s *v1alpha1.AuthRealmSpec) { s.Replicas = ptr[int32](3) })
	eventually.Succeeds(t, func(context.Context) error {
		if w.get(d, realmName); *d.Spec.Replicas != 3 {
			return fmt.Errorf("it has %d replicas", *d.Spec.Replicas)
		}
		return nil
	})
	if d.Generation != 2 {
		t.Errorf("after one change the Deployment is of generation %d", d.Generation)
	}
	w.wantLeftAlone(d)

	// Elected by none, as on a developer's machine, an operator has a say in nothing.
	unelected := w.installed("third", "", "realmkeeper:third")
	unelected.lease.Name = ""
	unelected.startOperator()
	eventually.Succeeds(t, func(context.Context) error {
		if !strings.Contains(unelected.log.String(), "Standing back from what is another installation's") {
			return fmt.Errorf("its log says nothing:\n%s", unelected.log)
		}
		return nil
	})
	unelected.stop()

	// The namespace's own goes before those of all namespaces.
	local := w.installed("fourth", w.namespace, "realmkeeper:local")
	local.grant()
	local.startOperator()
	w.wantLeftAlone(w.awaitServerOf("realmkeeper:local"))

	local.stop()
	w.wantLeftAlone(w.awaitServerOf("realmkeeper:first"))
	first.stop()
	w.wantLeftAlone(w.awaitServerOf("realmkeeper:second"))

	// Whoever comes back lets the other see it first.
	first.startOperator()
	w.wantLeftAlone(w.awaitServerOf("realmkeeper:first"))
	if w.get(d, realmName); d.Generation != 6 {
		t.Errorf("after four changes of hands and one of the spec the Deployment is of generation %d", d.Generation)
	}
	w.runDeployment(realmName, 3)
	w.await(v1alpha1.ResourcesAppliedCondition, metav1.ConditionTrue, v1alpha1.ReasonApplied)
}
