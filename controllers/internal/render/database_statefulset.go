// SPDX-License-Identifier: Apache-2.0

package render

import (
	"cmp"
	_ "embed"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	"k8s.io/apimachinery/pkg/util/intstr"
	appsv1ac "k8s.io/client-go/applyconfigurations/apps/v1"
	corev1ac "k8s.io/client-go/applyconfigurations/core/v1"
	metav1ac "k8s.io/client-go/applyconfigurations/meta/v1"

	"github.com/realmkeeper/realmkeeper/api/v1alpha1"
)

// storeUser runs the managed stores, as in their well-known public images.
const storeUser = 999

// databaseVolume is the name of the volume claim; the claim itself is called
// <volume>-<StatefulSet>-0.
const databaseVolume = "data"

// databaseDirectory is a folder in the volume: a volume's root may hold a
// lost+found, and never belongs to PostgreSQL's user alone.
const databaseDirectory = "/var/lib/postgresql/data/pgdata"

// databaseInit prepares the volume.
//
//go:embed database_init.sh
var databaseInit string

// databaseStatefulSet runs one PostgreSQL on a volume of its own. Passwords
// change while its pod runs.
func databaseStatefulSet(in Inputs) *appsv1ac.StatefulSetApplyConfiguration {
	name, spec := NamesOf(in.Realm).Database(), managedDatabase(in.Realm)
	return appsv1ac.StatefulSet(name, in.Realm.Namespace).
		WithLabels(labels(in.Realm, database)).
		WithOwnerReferences(owner(in.Realm)).
		WithSpec(appsv1ac.StatefulSetSpec().
			WithReplicas(1).
			WithServiceName(name).
			WithRevisionHistoryLimit(2).
			// In order, a pod that never gets ready would hold up the very change
			// that mends it.
			WithPodManagementPolicy(appsv1.ParallelPodManagement).
			WithSelector(metav1ac.LabelSelector().WithMatchLabels(selector(in.Realm, database))).
			WithPersistentVolumeClaimRetentionPolicy(appsv1ac.StatefulSetPersistentVolumeClaimRetentionPolicy().
				WithWhenDeleted(claimRetention(in.Realm)).
				WithWhenScaled(appsv1.RetainPersistentVolumeClaimRetentionPolicyType)).
			WithVolumeClaimTemplates(databaseClaim(in.Realm, spec.Storage)).
			WithTemplate(corev1ac.PodTemplateSpec().
				WithLabels(podLabels(in.Realm, database)).
				WithSpec(placed(in, databasePod(in, spec), valueOr(spec.Scheduling, v1alpha1.Scheduling{})))))
}

func claimRetention(realm *v1alpha1.AuthRealm) appsv1.PersistentVolumeClaimRetentionPolicyType {
	if OutlivesRealm(realm) {
		return appsv1.RetainPersistentVolumeClaimRetentionPolicyType
	}
	return appsv1.DeletePersistentVolumeClaimRetentionPolicyType
}

func databaseClaim(realm *v1alpha1.AuthRealm, storage *v1alpha1.Storage) *corev1ac.PersistentVolumeClaimApplyConfiguration {
	size, class := resource.MustParse("8Gi"), ""
	if storage != nil {
		size, class = valueOr(storage.Size, size), storage.ClassName
	}
	spec := corev1ac.PersistentVolumeClaimSpec().
		WithAccessModes(corev1.ReadWriteOnce).
		WithResources(corev1ac.VolumeResourceRequirements().
			WithRequests(corev1.ResourceList{corev1.ResourceStorage: size}))
	if class != "" {
		spec.WithStorageClassName(class)
	}
	claim := corev1ac.PersistentVolumeClaim(databaseVolume, "").
		WithLabels(selector(realm, database)).
		WithSpec(spec)
	claim.Namespace = nil
	return claim
}

func databasePod(in Inputs, spec v1alpha1.ManagedDatabase) *corev1ac.PodSpecApplyConfiguration {
	return corev1ac.PodSpec().
		WithAutomountServiceAccountToken(false).
		WithEnableServiceLinks(false).
		WithSecurityContext(restrictedPod(storeUser)).
		WithTerminationGracePeriodSeconds(60).
		WithVolumes(emptyDir("tmp"), emptyDir("socket"), rolesVolume(in)).
		WithInitContainers(postgres(in, spec, "prepare").
			WithCommand("sh", "-c", databaseInit)).
		WithContainers(postgres(in, spec, "postgresql").
			WithCommand("postgres", "-D", databaseDirectory, "-c", "listen_addresses=*").
			WithPorts(corev1ac.ContainerPort().WithName("postgresql").WithContainerPort(databasePort)).
			// A shutdown by SIGTERM waits until every client has hung up; SIGINT
			// ends them in good order.
			WithLifecycle(corev1ac.Lifecycle().WithPreStop(corev1ac.LifecycleHandler().
				WithExec(corev1ac.ExecAction().WithCommand("sh", "-c", "kill -INT 1")))).
			WithStartupProbe(postgresAnswers().WithPeriodSeconds(1).WithFailureThreshold(600)).
			WithReadinessProbe(postgresAnswers().WithPeriodSeconds(5).WithFailureThreshold(2)).
			WithLivenessProbe(corev1ac.Probe().
				WithTCPSocket(corev1ac.TCPSocketAction().WithPort(intstr.FromString("postgresql"))).
				WithPeriodSeconds(10).WithFailureThreshold(6)),
			rolesContainer(in, spec))
}

func postgres(in Inputs, spec v1alpha1.ManagedDatabase, name string) *corev1ac.ContainerApplyConfiguration {
	return corev1ac.Container().
		WithName(name).
		WithImage(cmp.Or(spec.Image, in.Images.Postgres)).
		WithEnv(corev1ac.EnvVar().WithName("PGDATA").WithValue(databaseDirectory)).
		WithResources(resources(valueOr(spec.Resources, defaultResources("50m", "128Mi", "512Mi")))).
		WithSecurityContext(restrictedContainer()).
		WithVolumeMounts(
			mount(databaseVolume, "/var/lib/postgresql/data"),
			mount("tmp", "/tmp"),
			mount("socket", socketFolder),
		)
}

func postgresAnswers() *corev1ac.ProbeApplyConfiguration {
	return corev1ac.Probe().
		WithExec(corev1ac.ExecAction().
			WithCommand("pg_isready", "--quiet", "--host=127.0.0.1", "--username="+databaseRole, "--dbname="+databaseName)).
		WithTimeoutSeconds(5)
}
