// SPDX-License-Identifier: Apache-2.0

package controllers_test

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	eventsv1 "k8s.io/api/events/v1"
	policyv1 "k8s.io/api/policy/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/realmkeeper/realmkeeper/api/v1alpha1"
	"github.com/realmkeeper/realmkeeper/internal/testenv/eventually"
)

// everyChild is each object that a realm with only an issuer is made of.
func everyChild() map[string]client.Object {
	return map[string]client.Object{
		"Secret staff-signing-keys":         &corev1.Secret{},
		"Secret staff-encryption-keys":      &corev1.Secret{},
		"Secret staff-initial-admin":        &corev1.Secret{},
		"Secret staff-ca":                   &corev1.Secret{},
		"Secret staff-provider-credentials": &corev1.Secret{},
		"Secret staff-tls":                  &corev1.Secret{},
		"Secret staff-database":             &corev1.Secret{},
		"Secret staff-cache":                &corev1.Secret{},
		"Secret staff-stores-authority":     &corev1.Secret{},
		"ConfigMap staff-ca":                &corev1.ConfigMap{},
		"ConfigMap staff-config-v1":         &corev1.ConfigMap{},
		"Service staff":                     &corev1.Service{},
		"Service staff-database":            &corev1.Service{},
		"Service staff-cache":               &corev1.Service{},
		"ServiceAccount staff":              &corev1.ServiceAccount{},
		"StatefulSet staff-database":        &appsv1.StatefulSet{},
		"Deployment staff-cache":            &appsv1.Deployment{},
		"Deployment staff":                  &appsv1.Deployment{},
		"PodDisruptionBudget staff":         &policyv1.PodDisruptionBudget{},
	}
}

func nameIn(child string) string {
	_, name, _ := strings.Cut(child, " ")
	return name
}

func TestRealmWithOnlyAnIssuerBecomesReady(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.realm()
	for child, o := range everyChild() {
		w.awaitObject(o, nameIn(child))
	}
	w.await(v1alpha1.ReadyCondition, metav1.ConditionFalse, v1alpha1.ReasonStarting, "PostgreSQL")
	w.run(2)
	w.await(v1alpha1.ReadyCondition, metav1.ConditionTrue, v1alpha1.ReasonReady)

	status := w.read().Status
	if want := (v1alpha1.CapacityStatus{LoginsPerSecond: "40.0", Pods: 2}); status.Capacity != want {
		t.Errorf("capacity is %+v, want %+v", status.Capacity, want)
	}
	if got, want := status.Config.Pods, "2/2"; got != want {
		t.Errorf("config.pods is %s, want %s", got, want)
	}
	if got, want := status.Endpoint, fmt.Sprintf("https://staff.%s.svc", w.namespace); got != want {
		t.Errorf("endpoint is %s, want %s", got, want)
	}
	if got := statesOf(status.SigningKeys); !slices.Equal(got, []string{"Active", "Active"}) ||
		status.SigningKeys[0].Algorithm != v1alpha1.ES256 || status.SigningKeys[1].Algorithm != v1alpha1.RS256 {
		t.Errorf("signing keys are %+v, want one of access tokens and one of ID tokens that are Active", status.SigningKeys)
	}
	if status.ReadyReplicas != 2 || status.Replicas != 2 {
		t.Errorf("%d of %d replicas are ready, want 2 of 2", status.ReadyReplicas, status.Replicas)
	}
	wantEvents(w, "SigningKeyCreated", "CertificateIssued", "Ready")
	wantNoSecretsTold(w)
}

// wantEvents checks that each reason was told once.
func wantEvents(w *world, reasons ...string) {
	w.t.Helper()
	eventually.Succeeds(w.t, func(ctx context.Context) error {
		var list eventsv1.EventList
		if err := w.List(ctx, &list, client.InNamespace(w.namespace)); err != nil {
			return err
		}
		count := map[string]int{}
		for _, e := range list.Items {
			count[e.Reason]++
		}
		for _, r := range reasons {
			if count[r] != 1 {
				return fmt.Errorf("events are %v, want one %s", count, r)
			}
		}
		return nil
	})
}

// wantNoSecretsTold looks for passwords where everybody may read.
func wantNoSecretsTold(w *world) {
	w.t.Helper()
	var secrets corev1.SecretList
	var events eventsv1.EventList
	for _, list := range []client.ObjectList{&secrets, &events} {
		if err := w.List(w.t.Context(), list, client.InNamespace(w.namespace)); err != nil {
			w.t.Fatal(err)
		}
	}
	told, err := json.Marshal([]any{w.read(), events, w.log.String()})
	if err != nil {
		w.t.Fatal(err)
	}
	for _, s := range secrets.Items {
		if password := s.Data["password"]; len(password) > 0 && strings.Contains(string(told), string(password)) {
			w.t.Errorf("the password in Secret %s stands in status, events or log", s.Name)
		}
	}
}

func TestSecondPassChangesNothing(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.realm()
	w.ready(2)
	w.rest()
	before, was, writes := w.versions(), w.read().Status, w.requests.writes.Load()

	// A name that the realm watches, of a kind it does not use: reason enough
	// for another pass, and none to change anything.
	w.create(&corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Name: "staff-database"}})
	asked := w.pods.timesAsked()
	eventually.Succeeds(t, func(context.Context) error {
		if w.pods.timesAsked() < asked+2 {
			return fmt.Errorf("no further pass was made")
		}
		return nil
	})
	w.rest()
	after := w.versions()
	delete(after, "ConfigMap staff-database")
	if !maps.Equal(before, after) {
		t.Errorf("resource versions moved:\nbefore %v %+v\nafter  %v %+v", before, was, after, w.read().Status)
	}
	if n := w.requests.writes.Load() - writes; n != 0 {
		t.Errorf("the operator made %d writes, none of which changed anything", n)
	}
}

// settle waits until the operator has neither asked anybody anything nor waited
// for an answer for a while: until the events of its own writes have come back to it.
func (w *world) settle() { w.t.Helper(); w.quiet(40) }

// quiet waits until the operator has asked nobody anything, nor waited for an answer, for so
// many looks.
func (w *world) quiet(looks int) {
	w.t.Helper()
	const look = 20 * time.Millisecond // on a busy machine it takes longer, as does the operator
	deadline := time.Now().Add(eventually.Patience)
	for last, quiet := int64(-1), 0; quiet < looks; quiet++ {
		now := int64(w.pods.timesAsked()) + w.requests.made.Load()
		if now != last || w.requests.waiting.Load() > 0 {
			last, quiet = now, 0
		}
		if time.Now().After(deadline) {
			w.t.Fatal("the operator does not come to rest")
		}
		<-time.After(look)
	}
}

// rest waits until the operator has nothing left to do, not even later: while pods
// lag, it looks at them again after a pause in which it only seems to be at rest.
func (w *world) rest() {
	w.t.Helper()
	w.await(v1alpha1.ConfigPropagatedCondition, metav1.ConditionTrue, v1alpha1.ReasonPropagated)
	w.settle()
}

// versions are the resource versions of the realm and of everything it is made of.
func (w *world) versions() map[string]string {
	w.t.Helper()
	versions := map[string]string{"AuthRealm": w.read().ResourceVersion}
	for child, o := range everyChild() {
		w.get(o, nameIn(child))
		versions[child] = o.GetResourceVersion()
	}
	return versions
}

func TestChildDeletedByHandComesBack(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.realm()
	w.ready(2)
	for _, child := range slices.Sorted(maps.Keys(everyChild())) {
		if child == "Secret staff-encryption-keys" {
			continue // without which data would be lost
		}
		o := everyChild()[child]
		w.get(o, nameIn(child))
		uid := o.GetUID()
		if err := w.Delete(t.Context(), o, client.PropagationPolicy(metav1.DeletePropagationBackground)); err != nil {
			t.Fatal(err)
		}
		eventually.Succeeds(t, func(ctx context.Context) error {
			again := everyChild()[child]
			if err := w.Get(ctx, client.ObjectKeyFromObject(o), again); err != nil {
				return fmt.Errorf("%s: %w", child, err)
			}
			if again.GetUID() == uid {
				return fmt.Errorf("%s is still there", child)
			}
			return nil
		})
	}
	w.runDatabase()
	w.runDeployment("staff-cache", 1)
	w.runDeployment("staff", 2)
	w.await(v1alpha1.ReadyCondition, metav1.ConditionTrue, v1alpha1.ReasonReady)
	w.verifyStores()
}

func TestEditedChildIsRepaired(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.realm()
	w.ready(2)

	service, config, deployment := &corev1.Service{}, &corev1.ConfigMap{}, &appsv1.Deployment{}
	w.meddle(service, "staff", func() { service.Spec.Ports[0].TargetPort.StrVal = "elsewhere" })
	w.meddle(config, "staff-config-v1", func() { config.Data["config.json"] = "{}" })
	w.meddle(deployment, "staff", func() {
		deployment.OwnerReferences = nil
		deployment.Spec.Template.Spec.Containers[0].Image = "evil:latest"
	})
	eventually.Succeeds(t, func(context.Context) error {
		w.get(service, "staff")
		w.get(config, "staff-config-v1")
		w.get(deployment, "staff")
		switch {
		case service.Spec.Ports[0].TargetPort.StrVal != "https":
			return fmt.Errorf("the Service's port is %v", service.Spec.Ports[0].TargetPort)
		case config.Data["config.json"] == "{}":
			return fmt.Errorf("the settings are empty")
		case deployment.Spec.Template.Spec.Containers[0].Image != "realmkeeper:test":
			return fmt.Errorf("the image is %s", deployment.Spec.Template.Spec.Containers[0].Image)
		case !metav1.IsControlledBy(deployment, w.read()):
			return fmt.Errorf("the Deployment has no owner")
		}
		return nil
	})
}

func TestSomebodyElsesObjectIsLeftAlone(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		o    client.Object
		says string
	}{
		"a Service": {&corev1.Service{
			ObjectMeta: metav1.ObjectMeta{Name: "staff"},
			Spec:       corev1.ServiceSpec{Ports: []corev1.ServicePort{{Port: 80}}},
		}, "delete it"},
		"a Secret that would be generated": {&corev1.Secret{
			ObjectMeta: metav1.ObjectMeta{Name: "staff-signing-keys"},
			StringData: map[string]string{"mine": "yes"},
		}, "label secret staff-signing-keys auth.realmkeeper.io/realm=staff"},
		"a Secret of the certificate's name": {&corev1.Secret{
			ObjectMeta: metav1.ObjectMeta{Name: "staff-tls"},
			StringData: map[string]string{"mine": "yes"},
		}, "name the realm differently"},
	} {
		o := c.o
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.create(o)
			version := o.GetResourceVersion()
			w.realm()
			w.await(v1alpha1.ResourcesAppliedCondition, metav1.ConditionFalse, v1alpha1.ReasonNameTaken, o.GetName(), c.says)
			w.await(v1alpha1.ReadyCondition, metav1.ConditionFalse, v1alpha1.ReasonNameTaken)
			w.get(o, o.GetName())
			if o.GetResourceVersion() != version {
				t.Errorf("the object was changed")
			}

			if err := w.Delete(t.Context(), o); err != nil {
				t.Fatal(err)
			}
			w.await(v1alpha1.ResourcesAppliedCondition, metav1.ConditionTrue, v1alpha1.ReasonApplied)
		})
	}
}
