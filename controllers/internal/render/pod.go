// SPDX-License-Identifier: Apache-2.0

package render

import (
	"encoding/json"
	"fmt"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	corev1ac "k8s.io/client-go/applyconfigurations/core/v1"
)

// secretFileMode lets the pod's group read a Secret, and nobody else.
const secretFileMode = 0o440

// restrictedPod is what the Pod Security Standard "restricted" wants of a pod,
// run as one user and group that also owns its volumes.
func restrictedPod(id int64) *corev1ac.PodSecurityContextApplyConfiguration {
	return corev1ac.PodSecurityContext().
		WithRunAsNonRoot(true).
		WithRunAsUser(id).
		WithRunAsGroup(id).
		WithFSGroup(id).
		// Walking a database's volume at every start takes minutes, and would
		// open up permissions that PostgreSQL insists on.
		WithFSGroupChangePolicy(corev1.FSGroupChangeOnRootMismatch).
		WithSeccompProfile(corev1ac.SeccompProfile().WithType(corev1.SeccompProfileTypeRuntimeDefault))
}

// restrictedContainer is what "restricted" wants of a container, and a root
// that cannot be written to.
func restrictedContainer() *corev1ac.SecurityContextApplyConfiguration {
	return corev1ac.SecurityContext().
		WithAllowPrivilegeEscalation(false).
		WithReadOnlyRootFilesystem(true).
		WithCapabilities(corev1ac.Capabilities().WithDrop("ALL"))
}

// defaultResources request CPU and memory and limit memory alone: a CPU limit
// would throttle logins while the node is idle.
func defaultResources(cpu, memory, memoryLimit string) corev1.ResourceRequirements {
	return corev1.ResourceRequirements{
		Requests: corev1.ResourceList{
			corev1.ResourceCPU:    resource.MustParse(cpu),
			corev1.ResourceMemory: resource.MustParse(memory),
		},
		Limits: corev1.ResourceList{corev1.ResourceMemory: resource.MustParse(memoryLimit)},
	}
}

// sidecarResources are what a container beside a store may use, said or not.
func sidecarResources(said *corev1.ResourceRequirements) *corev1ac.ResourceRequirementsApplyConfiguration {
	return resources(valueOr(said, defaultResources("5m", "16Mi", "64Mi")))
}

// memoryLimit is in bytes, 0 when there is none.
func memoryLimit(r corev1.ResourceRequirements) int64 {
	limit := r.Limits[corev1.ResourceMemory]
	return limit.Value()
}

func emptyDir(name string) *corev1ac.VolumeApplyConfiguration {
	return corev1ac.Volume().WithName(name).WithEmptyDir(corev1ac.EmptyDirVolumeSource())
}

func mount(name, path string) *corev1ac.VolumeMountApplyConfiguration {
	return corev1ac.VolumeMount().WithName(name).WithMountPath(path)
}

// configuration turns a value of the API into the apply configuration of the
// same shape. Both have the same JSON by construction, so that it cannot fail.
func configuration[A any](value any) *A {
	document, err := json.Marshal(value)
	if err != nil {
		panic(fmt.Sprintf("marshal %T: %v", value, err))
	}
	out := new(A)
	if err := json.Unmarshal(document, out); err != nil {
		panic(fmt.Sprintf("read %T as %T: %v", value, out, err))
	}
	return out
}

func resources(r corev1.ResourceRequirements) *corev1ac.ResourceRequirementsApplyConfiguration {
	return configuration[corev1ac.ResourceRequirementsApplyConfiguration](r)
}
