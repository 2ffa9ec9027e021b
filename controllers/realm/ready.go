// SPDX-License-Identifier: Apache-2.0

package realm

import (
	"slices"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	appsv1ac "k8s.io/client-go/applyconfigurations/apps/v1"

	"github.com/realmkeeper/realmkeeper/api/v1alpha1"
	"github.com/realmkeeper/realmkeeper/controllers/internal/conditions"
)

// ready sums up the other conditions, and returns the generation of the spec that it is
// about. A realm that was Ready stays so while it comes to what its spec says now and its
// users notice nothing. It is then Ready by the spec before: whoever waits for the newest
// one compares generations, as kubectl wait does, and waits on. What a neighbour in the
// cluster can bring about is no part of it, nor is what people have not set up yet.
func ready(realm *v1alpha1.AuthRealm, st state, all []metav1.Condition) (metav1.Condition, int64) {
	const asTheSpecSays = "Pods serve the realm as its spec says"
	all = slices.DeleteFunc(slices.Clone(all), func(c metav1.Condition) bool {
		return c.Type == v1alpha1.ProxiesNamedCondition || c.Type == v1alpha1.RequirementsInForceCondition
	})
	before := meta.FindStatusCondition(realm.Status.Conditions, v1alpha1.ReadyCondition)
	if before == nil || before.Status != metav1.ConditionTrue {
		return conditions.Summarize(asTheSpecSays, all), realm.Generation
	}
	changed := before.ObservedGeneration != realm.Generation
	others := slices.DeleteFunc(slices.Clone(all), func(c metav1.Condition) bool { return st.underWay(realm, c, changed) })
	c := conditions.Summarize(asTheSpecSays, others)
	if c.Status == metav1.ConditionTrue && changed && len(others) < len(all) {
		return conditions.True(c.Type, c.Reason, "Pods serve the realm as generation %d of its spec says, and are coming to generation %d",
			before.ObservedGeneration, realm.Generation), before.ObservedGeneration
	}
	return c, realm.Generation
}

// underWay reports whether a condition tells of something that takes its usual time and
// that nobody notices who uses the realm: pods that take up a spec, which others replace
// while one still serves, or a cache that starts, without which pods work more slowly.
// Renewed keys and certificates, another Secret or a provider may take any time.
func (st state) underWay(realm *v1alpha1.AuthRealm, c metav1.Condition, changed bool) bool {
	if c.Status != metav1.ConditionFalse {
		return false
	}
	usual := st.now.Sub(since(realm.Status.Conditions, c.Type, st.now)) < usualRollout
	switch c.Type {
	case v1alpha1.ConfigPropagatedCondition:
		return c.Reason == v1alpha1.ReasonPropagating && (usual || !changed)
	case v1alpha1.AvailableCondition:
		d := st.applied.server
		serves := d != nil && d.Status != nil && valueOrZero(d.Status.AvailableReplicas) > 0 && st.desiredReplicas(realm) > 0
		return serves && (usual || st.now.Sub(lastProgress(d)) < usualRollout)
	case v1alpha1.CacheReadyCondition:
		return st.cache.managed && st.cache.failure == nil && usual
	}
	return false
}

// since is from when on a condition has not been True.
func since(before []metav1.Condition, kind string, now time.Time) time.Time {
	if c := meta.FindStatusCondition(before, kind); c != nil && c.Status != metav1.ConditionTrue {
		return c.LastTransitionTime.Time
	}
	return now
}

// lastProgress is when a Deployment has last come closer to what it should be: many pods
// take longer to be replaced than few.
func lastProgress(d *appsv1ac.DeploymentApplyConfiguration) time.Time {
	for _, c := range d.Status.Conditions {
		if c.Type != nil && *c.Type == appsv1.DeploymentProgressing && c.LastUpdateTime != nil {
			return c.LastUpdateTime.Time
		}
	}
	return time.Time{}
}
