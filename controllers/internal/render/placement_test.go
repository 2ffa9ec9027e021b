// SPDX-License-Identifier: Apache-2.0

package render_test

import (
	"fmt"
	"slices"
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"

	"github.com/realmkeeper/realmkeeper/api/v1alpha1"
	"github.com/realmkeeper/realmkeeper/controllers/internal/render"
)

// podsOf are the pods that a realm's workloads make, by name. A new kind of workload
// has to be added here.
func podsOf(t *testing.T, in render.Inputs) map[string]corev1.PodSpec {
	t.Helper()
	objects, err := render.Objects(in)
	if err != nil {
		t.Fatal(err)
	}
	pods := map[string]corev1.PodSpec{}
	for _, o := range objects {
		switch name := *o.GetName(); *o.GetKind() {
		case "Deployment":
			d := appsv1.Deployment{}
			rendered(t, in, "Deployment", name, &d)
			pods[name] = d.Spec.Template.Spec
		case "StatefulSet":
			s := appsv1.StatefulSet{}
			rendered(t, in, "StatefulSet", name, &s)
			pods[name] = s.Spec.Template.Spec
		case "Job", "CronJob", "DaemonSet", "Pod":
			t.Errorf("nobody looks at the pods of %s %s", *o.GetKind(), name)
		}
	}
	return pods
}

// What a person says of the resources of pods and sidecars reaches every container, and
// what nobody says bounds its memory.
func TestEveryContainerHasResourcesThatCanBeSaid(t *testing.T) {
	t.Parallel()
	const said = `
issuer: https://login.example.com
resources: {requests: {cpu: 1m}, limits: {cpu: 11m}}
database: {managed: {resources: {requests: {cpu: 2m}, limits: {cpu: 12m}}, sidecarResources: {requests: {cpu: 3m}, limits: {cpu: 13m}}}}
cache: {managed: {resources: {requests: {cpu: 4m}, limits: {cpu: 14m}}, sidecarResources: {requests: {cpu: 5m}, limits: {cpu: 15m}}}}`
	for name, spec := range map[string]string{"said": said, "unsaid": "issuer: https://login.example.com"} {
		for pod, s := range podsOf(t, inputs(t, spec)) {
			for _, c := range slices.Concat(s.InitContainers, s.Containers) {
				r := c.Resources
				switch {
				case name == "said" && r.Limits.Cpu().MilliValue() != r.Requests.Cpu().MilliValue()+10:
					t.Errorf("container %s of %s has the resources %v", c.Name, pod, r)
				case name == "unsaid" && (r.Requests.Cpu().IsZero() || r.Requests.Memory().IsZero() || r.Limits.Memory().IsZero()):
					t.Errorf("container %s of %s has the resources %v, when nothing is said", c.Name, pod, r)
				}
			}
		}
	}
}

func TestEveryPodIsPlacedAndPullsItsImages(t *testing.T) {
	t.Parallel()
	in := inputs(t, `
issuer: https://login.example.com
scheduling: {nodeSelector: {of: staff}, tolerations: [{key: staff}], priorityClassName: staff, runtimeClassName: staff}
database: {managed: {scheduling: {nodeSelector: {of: staff-database}, tolerations: [{key: staff-database}], priorityClassName: staff-database, runtimeClassName: staff-database}}}
cache: {managed: {scheduling: {nodeSelector: {of: staff-cache}, tolerations: [{key: staff-cache}], priorityClassName: staff-cache, runtimeClassName: staff-cache}}}`)
	in.Images.PullSecrets = []string{"everybodys"}
	for name, pod := range podsOf(t, in) {
		if pod.NodeSelector["of"] != name || pod.Tolerations[0].Key != name || pod.PriorityClassName != name || *pod.RuntimeClassName != name {
			t.Errorf("the pods of %s run on %v, tolerate %v, and have the priority %q and the runtime %q",
				name, pod.NodeSelector, pod.Tolerations, pod.PriorityClassName, *pod.RuntimeClassName)
		}
		if got := fmt.Sprint(pod.ImagePullSecrets); got != "[{everybodys}]" {
			t.Errorf("the images of %s are pulled with %s", name, got)
		}
	}
	in.Realm.Spec.ImagePullSecrets = []v1alpha1.SecretRef{{Name: "own"}, {Name: "another"}}
	for name, pod := range podsOf(t, in) {
		if got := fmt.Sprint(pod.ImagePullSecrets); got != "[{own} {another}]" {
			t.Errorf("the images of %s are pulled with %s", name, got)
		}
	}
}
