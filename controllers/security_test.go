// SPDX-License-Identifier: Apache-2.0

package controllers_test

import (
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// The API server judges pods by the namespace's label, as everywhere; a pod
// made from each rendered template has to pass.
func TestEveryPodPassesTheRestrictedStandard(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.realm()
	w.run(0)
	namespace := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{
		GenerateName: "restricted-",
		Labels:       map[string]string{"pod-security.kubernetes.io/enforce": "restricted"},
	}}
	if err := w.Create(t.Context(), namespace); err != nil {
		t.Fatal(err)
	}
	server, cache, database := &appsv1.Deployment{}, &appsv1.Deployment{}, &appsv1.StatefulSet{}
	w.get(server, "staff")
	w.get(cache, "staff-cache")
	w.get(database, "staff-database")
	for name, template := range map[string]corev1.PodTemplateSpec{
		"server": server.Spec.Template, "cache": cache.Spec.Template, "database": database.Spec.Template,
	} {
		pod := &corev1.Pod{
			ObjectMeta: metav1.ObjectMeta{Namespace: namespace.Name, Name: name, Labels: template.Labels},
			Spec:       template.Spec,
		}
		pod.Spec.ServiceAccountName = "" // accounts are made per namespace
		pod.Spec.Volumes = append(pod.Spec.Volumes, corev1.Volume{Name: "data"})
		if err := w.Create(t.Context(), pod, client.DryRunAll); err != nil {
			t.Errorf("the %s's pod is refused: %v", name, err)
		}
		if mounts := pod.Spec.AutomountServiceAccountToken; mounts == nil || *mounts {
			t.Errorf("the %s's pod gets a token", name)
		}
	}
}
