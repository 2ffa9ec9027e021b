// SPDX-License-Identifier: Apache-2.0

package controllers_test

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/realmkeeper/realmkeeper/api/v1alpha1"
	"github.com/realmkeeper/realmkeeper/internal/testenv/eventually"
)

// insist has another controller change an object of the realm's back whenever it is as the
// operator wants it, until the returned function is called.
func insist[O client.Object](w *world, o O, name string, change func(O) (changed bool)) (relent func()) {
	w.t.Helper()
	ctx, cancel := context.WithCancel(w.t.Context())
	done := make(chan struct{})
	go func() {
		defer close(done)
		for ctx.Err() == nil {
			if err := w.Get(ctx, types.NamespacedName{Namespace: w.namespace, Name: name}, o); err == nil && change(o) {
				_ = w.Update(ctx, o, client.FieldOwner("rewriter")) // a conflict is looked at again
			}
			time.Sleep(5 * time.Millisecond)
		}
	}()
	relent = sync.OnceFunc(func() { cancel(); <-done })
	w.t.Cleanup(relent)
	return relent
}

func TestWhoeverInsistsOnSomethingElseIsNamedAndLeftAlone(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		kind   string
		insist func(w *world) (relent func())
		object client.Object
	}{
		"of a Deployment": {"Deployment", func(w *world) func() {
			return insist(w, &appsv1.Deployment{}, "staff", func(d *appsv1.Deployment) bool {
				changed := d.Spec.Template.Spec.Containers[0].Image != "rewritten"
				d.Spec.Template.Spec.Containers[0].Image = "rewritten"
				return changed
			})
		}, &appsv1.Deployment{}},
		"of a Service, which has no generation": {"Service", func(w *world) func() {
			return insist(w, &corev1.Service{}, "staff", func(s *corev1.Service) bool {
				changed := s.Spec.Selector["app.kubernetes.io/component"] != "another"
				s.Spec.Selector["app.kubernetes.io/component"] = "another"
				return changed
			})
		}, &corev1.Service{}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.realm()
			w.ready(2)
			relent := c.insist(w)
			w.await(v1alpha1.ResourcesAppliedCondition, metav1.ConditionFalse, v1alpha1.ReasonContested,
				c.kind+` "staff" is changed by "rewriter" whenever the operator has written it`)
			w.get(c.object, "staff")
			before, generation := c.object.GetResourceVersion(), c.object.GetGeneration()
			for range 10 {
				w.again()
			}
			w.get(c.object, "staff")
			if c.object.GetResourceVersion() != before {
				t.Error("the operator still writes it")
			}
			if generation > 20 {
				t.Errorf("it is of generation %d", generation)
			}

			relent()
			eventually.Succeeds(t, func(context.Context) error {
				w.clock.advance(2 * time.Minute)
				w.again()
				if all := w.read().Status.Conditions; !meta.IsStatusConditionTrue(all, v1alpha1.ResourcesAppliedCondition) {
					return fmt.Errorf("conditions are\n%s", conditions(all))
				}
				return nil
			})
		})
	}
}

// Another controller may look at an object now and then only, and the operator see it as it
// should be in between.
func TestWhoeverInsistsNowAndThenIsNamedAsWell(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.realm()
	w.ready(2)
	w.rest()
	for range 6 {
		service := &corev1.Service{}
		w.get(service, "staff")
		service.Spec.Selector["app.kubernetes.io/component"] = "another"
		if err := w.Update(t.Context(), service, client.FieldOwner("rewriter")); err != nil {
			t.Fatal(err)
		}
		eventually.Succeeds(t, func(context.Context) error {
			if w.get(service, "staff"); service.Spec.Selector["app.kubernetes.io/component"] == "another" {
				return fmt.Errorf("it is not brought back")
			}
			return nil
		})
		w.settle()
	}
	w.await(v1alpha1.ResourcesAppliedCondition, metav1.ConditionFalse, v1alpha1.ReasonContested, `Service "staff" is changed by "rewriter"`)
	w.later(2 * time.Minute)
	w.await(v1alpha1.ResourcesAppliedCondition, metav1.ConditionTrue, v1alpha1.ReasonApplied)
}

// What others add to an object beside what the operator wants is theirs.
func TestWhatOthersAddIsNotFoughtOver(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.realm()
	w.ready(2)
	d := &appsv1.Deployment{}
	eventually.Succeeds(t, func(ctx context.Context) error {
		w.get(d, "staff")
		d.Annotations = map[string]string{"mesh.example.com/injected": "true"}
		pod := &d.Spec.Template.Spec
		pod.Containers = append(pod.Containers, corev1.Container{Name: "proxy", Image: "proxy:1"})
		pod.Tolerations = append(pod.Tolerations, corev1.Toleration{Key: "spot", Operator: corev1.TolerationOpExists})
		return w.Update(ctx, d, client.FieldOwner("injector"))
	})
	for range 5 {
		w.again()
	}
	w.wantLeftAlone(d)
	if len(d.Spec.Template.Spec.Containers) != 2 || d.Annotations["mesh.example.com/injected"] != "true" {
		t.Errorf("it was taken away: %v, %v", d.Annotations, d.Spec.Template.Spec.Containers)
	}
}
