// SPDX-License-Identifier: Apache-2.0

package controllers_test

import (
	"context"
	"fmt"
	"strings"
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/realmkeeper/realmkeeper/api/v1alpha1"
	"github.com/realmkeeper/realmkeeper/internal/testenv/eventually"
)

// The API server's own admission is the judge of what a quota asks for.
func TestPodsFitIntoANamespaceWithAQuotaAndALimitRange(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	limited := func(cpu string) *corev1.ResourceRequirements {
		all := corev1.ResourceList{corev1.ResourceCPU: resource.MustParse(cpu), corev1.ResourceMemory: resource.MustParse("256Mi")}
		return &corev1.ResourceRequirements{Requests: all, Limits: all}
	}
	sidecar := limited("50m")
	w.realm(func(s *v1alpha1.AuthRealmSpec) {
		s.Resources = limited("500m")
		s.Database = &v1alpha1.Database{Managed: &v1alpha1.ManagedDatabase{Resources: limited("500m"), SidecarResources: sidecar}}
		s.Cache = &v1alpha1.Cache{Managed: &v1alpha1.ManagedCache{Resources: limited("500m"), SidecarResources: sidecar}}
	})
	w.await(v1alpha1.ResourcesAppliedCondition, metav1.ConditionTrue, v1alpha1.ReasonApplied)
	quota := &corev1.ResourceQuota{ObjectMeta: metav1.ObjectMeta{Name: "compute"}, Spec: corev1.ResourceQuotaSpec{Hard: corev1.ResourceList{
		corev1.ResourceRequestsCPU: resource.MustParse("4"), corev1.ResourceLimitsCPU: resource.MustParse("4"),
		corev1.ResourceRequestsMemory: resource.MustParse("4Gi"), corev1.ResourceLimitsMemory: resource.MustParse("4Gi"),
	}}}
	w.create(quota, &corev1.LimitRange{ObjectMeta: metav1.ObjectMeta{Name: "containers"}, Spec: corev1.LimitRangeSpec{Limits: []corev1.LimitRangeItem{{
		Type:                 corev1.LimitTypeContainer,
		Min:                  corev1.ResourceList{corev1.ResourceCPU: resource.MustParse("20m"), corev1.ResourceMemory: resource.MustParse("32Mi")},
		Max:                  corev1.ResourceList{corev1.ResourceCPU: resource.MustParse("1"), corev1.ResourceMemory: resource.MustParse("1Gi")},
		MaxLimitRequestRatio: corev1.ResourceList{corev1.ResourceCPU: resource.MustParse("1")},
	}}}})
	quota.Status = corev1.ResourceQuotaStatus{Hard: quota.Spec.Hard, Used: corev1.ResourceList{}}
	for name := range quota.Spec.Hard {
		quota.Status.Used[name] = resource.MustParse("0")
	}
	if err := w.Status().Update(t.Context(), quota); err != nil { // as its controller would
		t.Fatal(err)
	}
	w.create(&corev1.ServiceAccount{ObjectMeta: metav1.ObjectMeta{Name: "default"}})

	var server, cache appsv1.Deployment
	var database appsv1.StatefulSet
	w.get(&server, "staff")
	w.get(&cache, "staff-cache")
	w.get(&database, "staff-database")
	for name, template := range map[string]corev1.PodTemplateSpec{
		"staff-x": server.Spec.Template, "staff-cache-x": cache.Spec.Template, "staff-database-0": database.Spec.Template,
	} {
		spec := template.Spec
		for _, claim := range database.Spec.VolumeClaimTemplates {
			spec.Volumes = append(spec.Volumes, corev1.Volume{Name: claim.Name}) // as the StatefulSet's controller would
		}
		w.create(&corev1.Pod{ObjectMeta: metav1.ObjectMeta{Name: name, Labels: template.Labels}, Spec: spec})
	}
}

func TestASecretToPullImagesWithIsLookedFor(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.realm(func(s *v1alpha1.AuthRealmSpec) {
		s.ImagePullSecrets = []v1alpha1.SecretRef{{Name: "registry"}, {Name: "mirror"}}
	})
	w.await(v1alpha1.SecretsFoundCondition, metav1.ConditionFalse, v1alpha1.ReasonSecretNotFound,
		`imagePullSecrets: there is no Secret "registry" in this namespace`, `imagePullSecrets: there is no Secret "mirror" in this namespace`)
	w.create(
		&corev1.Secret{ObjectMeta: metav1.ObjectMeta{Name: "registry"}, Type: corev1.SecretTypeDockerConfigJson, StringData: map[string]string{".dockerconfigjson": "{}"}},
		&corev1.Secret{ObjectMeta: metav1.ObjectMeta{Name: "mirror"}, StringData: map[string]string{"password": "hunter2"}},
	)
	w.await(v1alpha1.SecretsFoundCondition, metav1.ConditionFalse, v1alpha1.ReasonInvalidSecret,
		`imagePullSecrets: Secret "mirror" is of type Opaque, and no image is pulled with it; make it with kubectl create secret docker-registry`)
	w.edit(func(s *v1alpha1.AuthRealmSpec) { s.ImagePullSecrets = s.ImagePullSecrets[:1] })
	w.await(v1alpha1.SecretsFoundCondition, metav1.ConditionTrue, v1alpha1.ReasonFound)
	w.wantUntold("hunter2")
}

func TestWhatTheOperatorPullsWithIsAdvisedWhereItIsMissing(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.stop()
	w.pullSecrets = []string{"everybodys"}
	w.startOperator()
	w.realm()
	w.await(v1alpha1.SecretsFoundCondition, metav1.ConditionTrue, v1alpha1.ReasonFound,
		`Secret "everybodys", which the operator was told to pull images with, is not in this namespace`)
	d := &appsv1.Deployment{}
	w.awaitObject(d, "staff")
	if got := d.Spec.Template.Spec.ImagePullSecrets; len(got) != 1 || got[0].Name != "everybodys" {
		t.Errorf("images are pulled with %v", got)
	}
	w.create(&corev1.Secret{ObjectMeta: metav1.ObjectMeta{Name: "everybodys"}, Type: corev1.SecretTypeDockerConfigJson, StringData: map[string]string{".dockerconfigjson": "{}"}})
	eventually.Succeeds(t, func(context.Context) error {
		if c := meta.FindStatusCondition(w.read().Status.Conditions, v1alpha1.SecretsFoundCondition); strings.Contains(c.Message, "everybodys") {
			return fmt.Errorf("it still says %q", c.Message)
		}
		return nil
	})
}
