// SPDX-License-Identifier: Apache-2.0

package kinds

import (
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"sigs.k8s.io/controller-runtime/pkg/cache"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// Workloads are the kinds of which the cache has more than the metadata, since each pass
// over a realm tells of their status.
func Workloads() []client.Object { return []client.Object{&appsv1.Deployment{}, &appsv1.StatefulSet{}} }

// Workload is an empty object of a kind that is among Workloads, nil of any other.
func Workload(kind schema.GroupVersionKind) client.Object {
	switch kind {
	case appsv1.SchemeGroupVersion.WithKind("Deployment"):
		return &appsv1.Deployment{}
	case appsv1.SchemeGroupVersion.WithKind("StatefulSet"):
		return &appsv1.StatefulSet{}
	}
	return nil
}

// CachedWorkloads leaves the templates of pods out of the cache: they are most of a
// workload, and nobody reads them there.
func CachedWorkloads() map[client.Object]cache.ByObject {
	all := map[client.Object]cache.ByObject{}
	for _, o := range Workloads() {
		all[o] = cache.ByObject{Transform: withoutTemplate}
	}
	return all
}

func withoutTemplate(o any) (any, error) {
	switch o := o.(type) {
	case *appsv1.Deployment:
		o.ManagedFields, o.Spec.Template = nil, corev1.PodTemplateSpec{}
	case *appsv1.StatefulSet:
		o.ManagedFields, o.Spec.Template = nil, corev1.PodTemplateSpec{}
	}
	return o, nil
}
