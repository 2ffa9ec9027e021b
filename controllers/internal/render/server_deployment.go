// SPDX-License-Identifier: Apache-2.0

package render

import (
	"cmp"
	"strconv"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
	appsv1ac "k8s.io/client-go/applyconfigurations/apps/v1"
	corev1ac "k8s.io/client-go/applyconfigurations/core/v1"
	metav1ac "k8s.io/client-go/applyconfigurations/meta/v1"

	"github.com/realmkeeper/realmkeeper/api/v1alpha1"
	"github.com/realmkeeper/realmkeeper/authserver/realmconfig"
)

// serverUser runs the auth server, as in its image.
const serverUser = 65532

// serverGrace is how long a pod may take to end: its drain delay, 25 s for
// requests in flight, and slack. In seconds.
const serverGrace = 45

// serverDeployment runs the auth server. Its pod template depends on the image,
// resources, scheduling and the names of what is mounted, and on nothing else:
// settings, keys and certificates reach running pods.
func serverDeployment(in Inputs) *appsv1ac.DeploymentApplyConfiguration {
	spec := appsv1ac.DeploymentSpec().
		WithRevisionHistoryLimit(3).
		WithStrategy(appsv1ac.DeploymentStrategy().
			WithType(appsv1.RollingUpdateDeploymentStrategyType).
			WithRollingUpdate(appsv1ac.RollingUpdateDeployment().
				WithMaxUnavailable(intstr.FromInt32(0)).
				WithMaxSurge(intstr.FromInt32(1)))).
		WithSelector(metav1ac.LabelSelector().WithMatchLabels(selector(in.Realm, server))).
		WithTemplate(corev1ac.PodTemplateSpec().
			WithLabels(podLabels(in.Realm, server)).
			WithSpec(serverPod(in)))
	if !in.WithoutReplicas {
		spec.WithReplicas(Replicas(in.Realm))
	}
	return appsv1ac.Deployment(NamesOf(in.Realm).Server(), in.Realm.Namespace).
		WithLabels(labels(in.Realm, server)).
		WithOwnerReferences(owner(in.Realm)).
		WithSpec(spec)
}

func serverPod(in Inputs) *corev1ac.PodSpecApplyConfiguration {
	pod := corev1ac.PodSpec().
		WithServiceAccountName(NamesOf(in.Realm).ServiceAccount()).
		WithAutomountServiceAccountToken(false).
		WithEnableServiceLinks(false).
		WithSecurityContext(restrictedPod(serverUser)).
		WithTerminationGracePeriodSeconds(serverGrace).
		WithVolumes(serverVolumes(in)...).
		WithInitContainers(authServer(in, "migrate").
			WithVolumeMounts(adminMount())).
		WithContainers(authServer(in, "serve").
			WithPorts(
				corev1ac.ContainerPort().WithName("https").WithContainerPort(realmconfig.APIPort),
				corev1ac.ContainerPort().WithName("ops").WithContainerPort(realmconfig.OpsPort),
			).
			WithStartupProbe(opsProbe("/livez").WithPeriodSeconds(1).WithFailureThreshold(300)).
			WithReadinessProbe(opsProbe("/readyz").WithPeriodSeconds(2).WithFailureThreshold(2)).
			WithLivenessProbe(opsProbe("/livez").WithPeriodSeconds(10).WithFailureThreshold(3)))
	scheduling := valueOr(in.Realm.Spec.Scheduling, v1alpha1.Scheduling{})
	if len(scheduling.TopologySpreadConstraints) == 0 {
		pod.WithTopologySpreadConstraints(spread(in.Realm, corev1.LabelTopologyZone), spread(in.Realm, corev1.LabelHostname))
	}
	return placed(in, pod, scheduling)
}

// authServer is a container named after the command it runs.
func authServer(in Inputs, command string) *corev1ac.ContainerApplyConfiguration {
	r := valueOr(in.Realm.Spec.Resources, defaultResources("50m", "64Mi", "256Mi"))
	container := corev1ac.Container().
		WithName(command).
		WithImage(cmp.Or(in.Realm.Spec.Image, in.Images.AuthServer)).
		WithCommand("/authserver", command, "--config-dir", realmconfig.Dir).
		WithResources(resources(r)).
		WithSecurityContext(restrictedContainer()).
		WithVolumeMounts(serverMounts(in)...)
	if limit := memoryLimit(r); limit > 0 {
		// Collect garbage in earnest before the kernel kills the process.
		container.WithEnv(corev1ac.EnvVar().WithName("GOMEMLIMIT").WithValue(strconv.FormatInt(limit/10*9, 10)))
	}
	return container
}

func opsProbe(path string) *corev1ac.ProbeApplyConfiguration {
	return corev1ac.Probe().
		WithHTTPGet(corev1ac.HTTPGetAction().WithPath(path).WithPort(intstr.FromString("ops"))).
		WithTimeoutSeconds(3)
}
