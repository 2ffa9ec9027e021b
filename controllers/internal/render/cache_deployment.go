// SPDX-License-Identifier: Apache-2.0

package render

import (
	"cmp"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
	appsv1ac "k8s.io/client-go/applyconfigurations/apps/v1"
	corev1ac "k8s.io/client-go/applyconfigurations/core/v1"
	metav1ac "k8s.io/client-go/applyconfigurations/meta/v1"

	"github.com/realmkeeper/realmkeeper/api/v1alpha1"
	"github.com/realmkeeper/realmkeeper/authserver/realmconfig"
)

// cacheDeployment runs one Redis. Its pod is replaced when redis.conf changes,
// which it reads only once; two at a time would each know half. Users, the
// certificate and the port for connections in the clear change while it runs.
func cacheDeployment(in Inputs) *appsv1ac.DeploymentApplyConfiguration {
	config := realmconfig.Revision([]byte(cacheConfig(in.Realm, false)))
	return appsv1ac.Deployment(NamesOf(in.Realm).Cache(), in.Realm.Namespace).
		WithLabels(labels(in.Realm, cache)).
		WithOwnerReferences(owner(in.Realm)).
		WithSpec(appsv1ac.DeploymentSpec().
			WithReplicas(1).
			WithRevisionHistoryLimit(2).
			WithStrategy(appsv1ac.DeploymentStrategy().WithType(appsv1.RecreateDeploymentStrategyType)).
			WithSelector(metav1ac.LabelSelector().WithMatchLabels(selector(in.Realm, cache))).
			WithTemplate(corev1ac.PodTemplateSpec().
				WithLabels(podLabels(in.Realm, cache)).
				WithAnnotations(map[string]string{RevisionAnnotation: config}).
				WithSpec(placed(in, cachePod(in), valueOr(managedCache(in.Realm).Scheduling, v1alpha1.Scheduling{})))))
}

func cachePod(in Inputs) *corev1ac.PodSpecApplyConfiguration {
	spec := managedCache(in.Realm)
	image := cmp.Or(spec.Image, in.Images.Redis)
	// Asking the port is enough: without a file to load, Redis answers as soon
	// as it listens, and no password is needed to see it.
	listens := func() *corev1ac.ProbeApplyConfiguration {
		return corev1ac.Probe().WithTCPSocket(corev1ac.TCPSocketAction().WithPort(intstr.FromString("redis")))
	}
	return corev1ac.PodSpec().
		WithAutomountServiceAccountToken(false).
		WithEnableServiceLinks(false).
		WithSecurityContext(restrictedPod(storeUser)).
		WithTerminationGracePeriodSeconds(10).
		WithVolumes(corev1ac.Volume().WithName("config").WithSecret(corev1ac.SecretVolumeSource().
			WithSecretName(NamesOf(in.Realm).Cache()).
			WithDefaultMode(secretFileMode).
			WithItems(
				corev1ac.KeyToPath().WithKey(cacheConfigKey).WithPath(cacheConfigKey),
				corev1ac.KeyToPath().WithKey(cacheUsersKey).WithPath(cacheUsersKey),
				corev1ac.KeyToPath().WithKey(corev1.TLSCertKey).WithPath(corev1.TLSCertKey),
				corev1ac.KeyToPath().WithKey(corev1.TLSPrivateKeyKey).WithPath(corev1.TLSPrivateKeyKey))),
			corev1ac.Volume().WithName("run").WithEmptyDir(corev1ac.EmptyDirVolumeSource().WithMedium(corev1.StorageMediumMemory))).
		WithContainers(cacheContainer("redis", image, startCache).
			WithPorts(corev1ac.ContainerPort().WithName("redis").WithContainerPort(cachePort)).
			WithResources(resources(cacheResources(spec))).
			WithStartupProbe(listens().WithPeriodSeconds(1).WithFailureThreshold(60)).
			WithReadinessProbe(listens().WithPeriodSeconds(5)).
			WithLivenessProbe(listens().WithPeriodSeconds(10).WithFailureThreshold(6)),
			usersContainer(image, spec))
}

func cacheResources(spec v1alpha1.ManagedCache) corev1.ResourceRequirements {
	return valueOr(spec.Resources, defaultResources("20m", "64Mi", "192Mi"))
}
