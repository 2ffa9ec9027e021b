// SPDX-License-Identifier: Apache-2.0

package controllers_test

import (
	"context"
	"fmt"
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	autoscalingv1 "k8s.io/api/autoscaling/v1"
	autoscalingv2 "k8s.io/api/autoscaling/v2"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/realmkeeper/realmkeeper/api/v1alpha1"
	"github.com/realmkeeper/realmkeeper/internal/testenv/eventually"
)

func TestIngressAndPoliciesFollowTheSpec(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.realm(func(s *v1alpha1.AuthRealmSpec) {
		s.Exposure = &v1alpha1.Exposure{Ingress: &v1alpha1.IngressExposure{ClassName: "nginx"}}
		s.NetworkPolicy = &v1alpha1.NetworkPolicy{}
	})
	policies := []string{"staff", "staff-database", "staff-cache"}
	w.awaitObject(&networkingv1.Ingress{}, "staff")
	for _, name := range policies {
		w.awaitObject(&networkingv1.NetworkPolicy{}, name)
	}
	w.await(v1alpha1.ExposedCondition, metav1.ConditionTrue, v1alpha1.ReasonExposed, "tells no address")

	ingress := &networkingv1.Ingress{}
	eventually.Succeeds(t, func(ctx context.Context) error {
		w.get(ingress, "staff")
		ingress.Status.LoadBalancer.Ingress = []networkingv1.IngressLoadBalancerIngress{{IP: "203.0.113.7"}}
		return w.Status().Update(ctx, ingress)
	})
	w.await(v1alpha1.ExposedCondition, metav1.ConditionTrue, v1alpha1.ReasonExposed, "at 203.0.113.7")

	policy := &networkingv1.NetworkPolicy{}
	w.meddle(policy, "staff", func() { policy.Spec.Ingress = []networkingv1.NetworkPolicyIngressRule{{}} })
	w.meddle(ingress, "staff", func() { ingress.Spec.Rules[0].Host = "evil.example.com" })
	eventually.Succeeds(t, func(context.Context) error {
		w.get(policy, "staff")
		w.get(ingress, "staff")
		if len(policy.Spec.Ingress) != 2 || len(ingress.Spec.Rules) != 1 || ingress.Spec.Rules[0].Host != "login.example.com" {
			return fmt.Errorf("policy and Ingress are %+v and %+v", policy.Spec, ingress.Spec)
		}
		return nil
	})

	w.edit(func(s *v1alpha1.AuthRealmSpec) { s.Exposure, s.NetworkPolicy = nil, nil })
	w.wantGone(ingress, "staff")
	for _, name := range policies {
		w.wantGone(&networkingv1.NetworkPolicy{}, name)
	}
	w.await(v1alpha1.ExposedCondition, metav1.ConditionTrue, v1alpha1.ReasonNotRequested)
}

func follow(maximum int32) func(*v1alpha1.AuthRealmSpec) {
	return func(s *v1alpha1.AuthRealmSpec) {
		s.Replicas = nil
		s.Autoscaling = &v1alpha1.Autoscaling{MinReplicas: ptr[int32](3), MaxReplicas: maximum}
		s.Resources = &corev1.ResourceRequirements{
			Requests: corev1.ResourceList{corev1.ResourceCPU: resource.MustParse("1")},
		}
	}
}

func TestAutoscalerTakesOverTheNumberOfPodsAndGivesItBack(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.realm(func(s *v1alpha1.AuthRealmSpec) { s.Replicas = ptr[int32](5) })
	w.awaitReplicas(5)
	least := w.watchReplicas()

	w.edit(follow(8))
	hpa := &autoscalingv2.HorizontalPodAutoscaler{}
	w.awaitObject(hpa, "staff")
	w.scale(7)
	w.again()
	w.awaitReplicas(7)
	w.run(7)
	w.await(v1alpha1.AvailableCondition, metav1.ConditionTrue, v1alpha1.ReasonAvailable, "7 of 7")
	if got := w.read().Status.Replicas; got != 7 {
		t.Errorf("status says %d replicas, want 7", got)
	}

	w.meddle(hpa, "staff", func() { hpa.Spec.MaxReplicas = 100 })
	eventually.Succeeds(t, func(context.Context) error {
		if w.get(hpa, "staff"); hpa.Spec.MaxReplicas != 8 {
			return fmt.Errorf("the autoscaler may make %d pods", hpa.Spec.MaxReplicas)
		}
		return nil
	})

	w.edit(func(s *v1alpha1.AuthRealmSpec) { s.Autoscaling, s.Replicas = nil, ptr[int32](4) })
	w.wantGone(hpa, "staff")
	w.awaitReplicas(4)
	w.edit(follow(8))
	w.awaitObject(&autoscalingv2.HorizontalPodAutoscaler{}, "staff")
	w.again()
	w.awaitReplicas(4)
	if n := least(); n < 4 {
		t.Errorf("on the way there were %d pods", n)
	}
}

func TestRealmThatBeginsWithAnAutoscaler(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.realm(follow(8))
	w.awaitReplicas(3)
	w.again()
	w.scale(6)
	w.again()
	w.awaitReplicas(6)
	w.edit(func(s *v1alpha1.AuthRealmSpec) { s.Image = "another:1" })
	w.awaitImage("another:1")
	w.awaitReplicas(6)
}

func (w *world) awaitReplicas(want int32) {
	w.t.Helper()
	eventually.Succeeds(w.t, func(ctx context.Context) error {
		d := &appsv1.Deployment{}
		if err := w.Get(ctx, client.ObjectKey{Namespace: w.namespace, Name: "staff"}, d); err != nil {
			return err
		}
		if *d.Spec.Replicas != want {
			return fmt.Errorf("the Deployment is for %d pods, want %d", *d.Spec.Replicas, want)
		}
		return nil
	})
}

func (w *world) awaitImage(want string) {
	w.t.Helper()
	eventually.Succeeds(w.t, func(context.Context) error {
		d := &appsv1.Deployment{}
		if w.get(d, "staff"); d.Spec.Template.Spec.Containers[0].Image != want {
			return fmt.Errorf("the image is %s", d.Spec.Template.Spec.Containers[0].Image)
		}
		return nil
	})
}

// scale plays the autoscaler's controller.
func (w *world) scale(pods int32) {
	w.t.Helper()
	d := &appsv1.Deployment{ObjectMeta: metav1.ObjectMeta{Namespace: w.namespace, Name: "staff"}}
	scale := &autoscalingv1.Scale{Spec: autoscalingv1.ScaleSpec{Replicas: pods}}
	err := w.SubResource("scale").Update(w.t.Context(), d, client.WithSubResourceBody(scale), client.FieldOwner("kube-controller-manager"))
	if err != nil {
		w.t.Fatal(err)
	}
}

// watchReplicas sees every number of pods that the Deployment is ever for. What
// it returns ends that, and is the least of them.
func (w *world) watchReplicas() (least func() int32) {
	w.t.Helper()
	k8s, err := client.NewWithWatch(w.plane.Admin(), client.Options{Scheme: w.plane.Scheme()})
	if err != nil {
		w.t.Fatal(err)
	}
	changes, err := k8s.Watch(w.t.Context(), &appsv1.DeploymentList{}, client.InNamespace(w.namespace))
	if err != nil {
		w.t.Fatal(err)
	}
	found := make(chan int32)
	go func() {
		n := int32(100)
		for change := range changes.ResultChan() {
			if d, ok := change.Object.(*appsv1.Deployment); ok && d.Name == "staff" {
				n = min(n, *d.Spec.Replicas)
			}
		}
		found <- n
	}()
	return func() int32 {
		changes.Stop()
		return <-found
	}
}
