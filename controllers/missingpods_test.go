// SPDX-License-Identifier: Apache-2.0

package controllers_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	admissionv1 "k8s.io/api/admission/v1"
	admissionregistrationv1 "k8s.io/api/admissionregistration/v1"
	appsv1 "k8s.io/api/apps/v1"
	autoscalingv2 "k8s.io/api/autoscaling/v2"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/realmkeeper/realmkeeper/api/v1alpha1"
	"github.com/realmkeeper/realmkeeper/internal/testenv/eventually"
)

// podIs plays the kubelet: it says how a pod is.
func (w *world) podIs(name string, status corev1.PodStatus) {
	w.t.Helper()
	eventually.Succeeds(w.t, func(ctx context.Context) error {
		pod := &corev1.Pod{}
		w.get(pod, name)
		pod.Status = status
		return w.Status().Update(ctx, pod)
	})
}

// readyPod is the status of a pod that works.
func readyPod() corev1.PodStatus {
	return corev1.PodStatus{Conditions: []corev1.PodCondition{{Type: corev1.PodReady, Status: corev1.ConditionTrue}}}
}

func waitsFor(reason, message string) corev1.PodStatus {
	return corev1.PodStatus{ContainerStatuses: []corev1.ContainerStatus{{
		Name: "serve", Image: "realmkeeper:typo",
		State: corev1.ContainerState{Waiting: &corev1.ContainerStateWaiting{Reason: reason, Message: message}},
	}}}
}

// refuseDeployments lets the operator make and change no Deployment.
func (w *world) refuseDeployments() {
	w.t.Helper()
	w.policy([]string{"deployments"}, admissionregistrationv1.Validation{Expression: "false", Message: "no Deployments on a Friday"})
	w.awaitRefusal(func() client.Object {
		labels := map[string]string{"a": "b"}
		return &appsv1.Deployment{ObjectMeta: metav1.ObjectMeta{Name: "try"}, Spec: appsv1.DeploymentSpec{
			Selector: &metav1.LabelSelector{MatchLabels: labels},
			Template: corev1.PodTemplateSpec{ObjectMeta: metav1.ObjectMeta{Labels: labels}, Spec: serverPod("try").Spec},
		}}
	})
}

// A Deployment that somebody has deleted, and that cannot be written again, leaves pods
// that serve.
func TestPodsThatServeAreToldThoughTheirDeploymentCannotBeWritten(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.realm(func(s *v1alpha1.AuthRealmSpec) { s.Replicas = ptr[int32](1) })
	w.ready(1)
	w.podIs("staff-0", readyPod())
	w.refuseDeployments()
	server := &appsv1.Deployment{ObjectMeta: metav1.ObjectMeta{Namespace: w.namespace, Name: "staff"}}
	if err := w.Delete(t.Context(), server); err != nil {
		t.Fatal(err)
	}
	w.await(v1alpha1.AvailableCondition, metav1.ConditionTrue, v1alpha1.ReasonAvailable, "1 of 1 pods", "no Deployment looks after them")
	w.await(v1alpha1.ResourcesAppliedCondition, metav1.ConditionFalse, v1alpha1.ReasonApplyFailed, "no Deployments on a Friday")
	w.await(v1alpha1.ReadyCondition, metav1.ConditionFalse, v1alpha1.ReasonApplyFailed)
	if got := w.read().Status.ReadyReplicas; got != 1 {
		t.Errorf("%d pods are ready", got)
	}
	if err := w.Delete(t.Context(), &corev1.Pod{ObjectMeta: metav1.ObjectMeta{Namespace: w.namespace, Name: "staff-0"}}); err != nil {
		t.Fatal(err)
	}
	w.create(&corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Name: "staff-cache"}}) // asks for a pass
	w.await(v1alpha1.AvailableCondition, metav1.ConditionFalse, v1alpha1.ReasonBlocked, "No pod runs", "ResourcesApplied says why")
}

// Whoever answers at the address of a pod whose containers have not begun is another.
func TestAPodThatMigratesIsNotCounted(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.realm(func(s *v1alpha1.AuthRealmSpec) { s.Replicas = ptr[int32](1) })
	w.ready(1)
	w.podIs("staff-0", corev1.PodStatus{InitContainerStatuses: []corev1.ContainerStatus{{
		Name: "migrate", State: corev1.ContainerState{Running: &corev1.ContainerStateRunning{}},
	}}})
	w.runAvailable(0)
	w.await(v1alpha1.AvailableCondition, metav1.ConditionFalse, v1alpha1.ReasonRolling, "0 of 1 pods")
	w.await(v1alpha1.ConfigPropagatedCondition, metav1.ConditionFalse, v1alpha1.ReasonPropagating, "does not answer")
	if got := w.read().Status.Config.Pods; got != "0/1" {
		t.Errorf("%s pods are current", got)
	}
}

// A pass that never comes to its end, since what it writes changes under it again and
// again, tells all the same of what runs.
func TestWhatRunsIsToldThoughNoPassComesToItsEnd(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.realm(func(s *v1alpha1.AuthRealmSpec) { s.Replicas = ptr[int32](1) })
	w.ready(1)
	w.rest()
	w.review([]string{"secrets"}, 10, func(ctx context.Context, q *admissionv1.AdmissionRequest) admissionv1.AdmissionResponse {
		if q.Name == "staff-signing-keys" && q.Operation == admissionv1.Update {
			keys := &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Namespace: q.Namespace, Name: q.Name}}
			patch := fmt.Sprintf(`{"metadata":{"annotations":{"looked-at":%q}}}`, q.UID)
			_ = w.Patch(ctx, keys, client.RawPatch(types.MergePatchType, []byte(patch)))
		}
		return admissionv1.AdmissionResponse{Allowed: q.Name != "try"}
	})
	w.awaitRefusal(aSecret)
	w.runAvailable(0)
	w.pods.hang("staff-0")
	w.revoke()
	w.await(v1alpha1.ResourcesAppliedCondition, metav1.ConditionFalse, v1alpha1.ReasonApplyFailed, "has been modified")
	w.await(v1alpha1.AvailableCondition, metav1.ConditionFalse, v1alpha1.ReasonRolling, "0 of 1 pods are available")
	w.await(v1alpha1.ConfigPropagatedCondition, metav1.ConditionFalse, v1alpha1.ReasonPropagating, "0 of 1 pods")
	if got := w.read().Status; got.ReadyReplicas != 0 || got.Config.Pods != "0/1" {
		t.Errorf("%d pods are ready and %s are current", got.ReadyReplicas, got.Config.Pods)
	}
}

func TestTheStatusSaysWhyAPodIsMissing(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.realm(follow(8))
	w.awaitObject(&appsv1.Deployment{}, "staff")
	w.run(3)
	w.runDeployment("staff", 3)
	w.await(v1alpha1.ReadyCondition, metav1.ConditionTrue, v1alpha1.ReasonReady)

	hpa := &autoscalingv2.HorizontalPodAutoscaler{}
	w.get(hpa, "staff")
	hpa.Status.Conditions = []autoscalingv2.HorizontalPodAutoscalerCondition{{
		Type: autoscalingv2.ScalingActive, Status: corev1.ConditionFalse, Reason: "FailedGetResourceMetric", Message: "no metrics are there",
	}}
	if err := w.Status().Update(t.Context(), hpa); err != nil {
		t.Fatal(err)
	}
	w.again()
	w.await(v1alpha1.AvailableCondition, metav1.ConditionTrue, v1alpha1.ReasonAvailable, "3 of 3 pods", "no metrics are there (FailedGetResourceMetric)")

	w.runAvailable(2)
	for _, c := range []struct {
		status corev1.PodStatus
		reason string
		words  []string
	}{
		{waitsFor("ErrImagePull", "not found"), v1alpha1.ReasonImagePullFailed, []string{"2 of 3 pods", `"realmkeeper:typo"`, "correct image"}},
		{waitsFor("CreateContainerConfigError", "couldn't find key uri in Secret x"), v1alpha1.ReasonInvalidContainer, []string{"couldn't find key uri"}},
		{
			corev1.PodStatus{Conditions: []corev1.PodCondition{{Type: corev1.PodScheduled, Status: corev1.ConditionFalse, Reason: "Unschedulable", Message: "0/1 nodes"}}},
			v1alpha1.ReasonUnschedulable, []string{"0/1 nodes"},
		},
	} {
		w.podIs("staff-2", c.status)
		w.again()
		w.await(v1alpha1.AvailableCondition, metav1.ConditionFalse, c.reason, append(c.words, "pod staff-2")...)
	}
	w.await(v1alpha1.ReadyCondition, metav1.ConditionTrue, v1alpha1.ReasonReady) // two serve, and so far it takes its time
}

// Only events tell that a StatefulSet can make no pod.
func TestAQuotaAgainstTheDatabaseIsQuoted(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.realm()
	set := &appsv1.StatefulSet{}
	w.awaitObject(set, "staff-database")
	w.warn("StatefulSet", "staff-database", "FailedCreate", "create Pod staff-database-0 failed: exceeded quota: few, requested: pods=1")
	w.warn("StatefulSet", "staff-database", "Unhealthy", "what a container has printed: hunter2")
	w.clock.advance(time.Minute)
	w.again()
	w.await(v1alpha1.DatabaseReadyCondition, metav1.ConditionFalse, v1alpha1.ReasonPodsRefused, "PostgreSQL", "exceeded quota: few")
	w.wantUntold("hunter2")
}

// A pod that a node has and does not start says nothing of why.
func TestWhatAPodWaitsForIsToldByEvents(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.realm()
	w.awaitObject(&appsv1.StatefulSet{}, "staff-database")
	pod := serverPod("staff-database-0")
	pod.Labels["app.kubernetes.io/component"] = "database"
	pod.Spec.NodeName = "node-7"
	w.create(pod)
	status := waitsFor("ContainerCreating", "")
	status.Conditions = []corev1.PodCondition{{Type: corev1.PodScheduled, Status: corev1.ConditionTrue, LastTransitionTime: metav1.NewTime(w.clock.now().Add(-time.Hour))}}
	w.podIs(pod.Name, status)
	w.warn("Pod", pod.Name, "FailedMount", `MountVolume.SetUp failed for volume "roles": secret "staff-database" not found`)
	w.again()
	w.await(v1alpha1.DatabaseReadyCondition, metav1.ConditionFalse, v1alpha1.ReasonPodNotStarted, "node-7", `secret "staff-database" not found`)
}

// warn plays whoever tells of an object by an event.
func (w *world) warn(kind, name, reason, message string) {
	w.t.Helper()
	now := metav1.Now()
	w.create(&corev1.Event{
		ObjectMeta:     metav1.ObjectMeta{Name: fmt.Sprintf("%s.%d", name, now.UnixNano()), Namespace: w.namespace},
		InvolvedObject: corev1.ObjectReference{Kind: kind, Namespace: w.namespace, Name: name},
		Reason:         reason, Message: message, Type: corev1.EventTypeWarning, FirstTimestamp: now, LastTimestamp: now,
	})
}
