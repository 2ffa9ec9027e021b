// SPDX-License-Identifier: Apache-2.0

package realm

import (
	"fmt"
	"slices"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/realmkeeper/realmkeeper/api/v1alpha1"
	"github.com/realmkeeper/realmkeeper/authserver/realmconfig"
	"github.com/realmkeeper/realmkeeper/controllers/internal/attached"
	"github.com/realmkeeper/realmkeeper/controllers/internal/conditions"
	"github.com/realmkeeper/realmkeeper/controllers/internal/podstatus"
	"github.com/realmkeeper/realmkeeper/controllers/internal/render"
	"github.com/realmkeeper/realmkeeper/controllers/internal/requeue"
	"github.com/realmkeeper/realmkeeper/controllers/internal/rotation"
)

// state is everything that one pass knows of a realm at its end: its scope, what the API
// server has, and what the pods say.
type state struct {
	scope
	applied applied
	want    target
	now     time.Time

	// pods are those that shall serve, leaving those that may still do.
	pods, leaving []podstatus.Pod

	// podsUnknown is why nobody knows of any pods, refreshFailure why the mounts of some
	// were not refreshed.
	podsUnknown, refreshFailure *conditions.Failure

	// stores are the pods of the database and the cache that the operator runs.
	stores []corev1.Pod
}

// statusOf is the realm's status, a pure function of what was seen and of the
// conditions that stood before.
func statusOf(realm *v1alpha1.AuthRealm, st state) v1alpha1.AuthRealmStatus {
	status := v1alpha1.AuthRealmStatus{
		ObservedGeneration: realm.Generation,
		Endpoint:           render.Endpoint(realm),
		JWKSURI:            realm.Spec.Issuer + "/.well-known/jwks.json",
		Replicas:           st.desiredReplicas(realm),
		ReadyReplicas:      readyReplicas(realm, st),
		SigningKeys:        keyStatus(st.keys.reported),
		NextKeyEvent:       nextKeyEvent(st.keys.reported),
		Providers:          attachedProviders(realm, st),
		EncryptionKeys:     realm.Status.EncryptionKeys,

		CertificateNotAfter: optionalTime(st.certificate.notAfter),
		Config: v1alpha1.ConfigStatus{
			Revision: st.want.config,
			Pods:     fmt.Sprintf("%d/%d", currentPods(st), st.podCount()),
		},
		Capacity:   capacityOf(realm.Status.Capacity, st.pods),
		Conditions: realm.DeepCopy().Status.Conditions,
	}
	if st.podsUnknown != nil { // nobody was asked
		status.Config.Pods, status.Capacity = realm.Status.Config.Pods, realm.Status.Capacity
	}
	if keys := st.inputs.EncryptionKeys; len(keys) > 0 {
		status.EncryptionKeys = realmconfig.Revision(keys)
	}
	if st.keys.failure != nil { // nobody knows them, or they are what they were
		status.SigningKeys, status.NextKeyEvent = realm.Status.SigningKeys, realm.Status.NextKeyEvent
	}
	all := conditionsOf(realm, st)
	ready := conditions.Summarize("Pods serve the realm as its spec says", readyDependsOn(realm, all))
	conditions.Set(&status.Conditions, realm.Generation, slices.Insert(all, 0, ready)...)
	return status
}

// conflictStatus is the status of a realm over which no pass comes to its end.
func conflictStatus(realm *v1alpha1.AuthRealm, why error) v1alpha1.AuthRealmStatus {
	status := *realm.Status.DeepCopy()
	status.ObservedGeneration = realm.Generation
	applied := conditions.False(v1alpha1.ResourcesAppliedCondition, v1alpha1.ReasonApplyFailed, "%s", conditions.StableMessage(why))
	for _, kind := range v1alpha1.AuthRealmConditions() {
		c := conditions.Unknown(kind, v1alpha1.ReasonBlocked, "Not looked at yet")
		if before := meta.FindStatusCondition(status.Conditions, kind); before != nil {
			c = *before
		}
		switch kind {
		case v1alpha1.ReadyCondition:
			c = conditions.Summarize("", []metav1.Condition{applied})
		case v1alpha1.ResourcesAppliedCondition:
			c = applied
		}
		conditions.Set(&status.Conditions, realm.Generation, c)
	}
	return status
}

// readyDependsOn are the conditions that a realm is Ready by. One that was, with the
// same spec, stays so while renewed keys and certificates, another Secret or a
// provider are on their way to its pods: ConfigPropagated tells of that.
func readyDependsOn(realm *v1alpha1.AuthRealm, all []metav1.Condition) []metav1.Condition {
	ready := meta.FindStatusCondition(realm.Status.Conditions, v1alpha1.ReadyCondition)
	if ready == nil || ready.Status != metav1.ConditionTrue || ready.ObservedGeneration != realm.Generation {
		return all
	}
	return slices.DeleteFunc(slices.Clone(all), func(c metav1.Condition) bool {
		return c.Type == v1alpha1.ConfigPropagatedCondition && c.Reason == v1alpha1.ReasonPropagating
	})
}

func readyReplicas(realm *v1alpha1.AuthRealm, st state) int32 {
	switch {
	case st.applied.serverUnknown != nil:
		return realm.Status.ReadyReplicas
	case st.applied.server == nil || st.applied.server.Status == nil:
		return 0
	}
	return valueOrZero(st.applied.server.Status.ReadyReplicas)
}

// keyStatus is what rotation says of each key.
func keyStatus(keys []rotation.Key) []v1alpha1.SigningKeyStatus {
	var status []v1alpha1.SigningKeyStatus
	for _, k := range keys {
		status = append(status, v1alpha1.SigningKeyStatus{
			KID: k.KID, Algorithm: v1alpha1.SigningAlgorithm(k.Algorithm), State: v1alpha1.SigningKeyState(k.State),
			Since: wholeSecond(k.Since), MovesOn: optionalTime(k.MovesOn), WaitsFor: k.WaitsFor,
		})
	}
	return status
}

// nextKeyEvent is when the first of the keys moves on.
func nextKeyEvent(keys []rotation.Key) *metav1.Time {
	var next time.Time
	for _, k := range keys {
		next = requeue.Soonest(next, k.MovesOn)
	}
	return optionalTime(next)
}

// attachedProviders tells which providers the realm has. One that every pod has
// run stays ready while other settings are on their way: no later settings leave
// it out or change it.
func attachedProviders(realm *v1alpha1.AuthRealm, st state) []v1alpha1.ProviderStatus {
	if st.podsUnknown != nil || st.settings.failure != nil {
		return realm.Status.Providers // no settings were applied, or no pod was asked
	}
	var providers []v1alpha1.ProviderStatus
	for _, p := range st.providers {
		before := attached.ProviderUptake(realm, p.Name)
		p.Ready = before.Next(p.Revision, len(st.pods), st.everyPodCurrent()).Everywhere
		providers = append(providers, p)
	}
	return providers
}

// podsNotAsked is how many pods the Deployment counts beyond those that were there when
// pods were asked, which is earlier in a pass.
func (st state) podsNotAsked() int {
	if st.applied.server == nil || st.applied.server.Status == nil {
		return 0
	}
	return max(0, int(valueOrZero(st.applied.server.Status.Replicas))-len(st.pods))
}

// podCount is how many pods there are, with those that were not asked.
func (st state) podCount() int { return len(st.pods) + st.podsNotAsked() }

// everyPodCurrent reports whether every pod runs what it should.
func (st state) everyPodCurrent() bool {
	return st.podsUnknown == nil && currentPods(st) == st.podCount()
}

// currentPods counts the pods that run what they should.
func currentPods(st state) int {
	n := 0
	for _, p := range st.pods {
		if st.want.isRunBy(p) {
			n++
		}
	}
	return n
}

// wholeSecond drops what the API's times cannot hold.
func wholeSecond(t time.Time) metav1.Time { return metav1.NewTime(t.UTC().Truncate(time.Second)) }

// optionalTime is wholeSecond, and nothing for no time.
func optionalTime(t time.Time) *metav1.Time {
	if t.IsZero() {
		return nil
	}
	rounded := wholeSecond(t)
	return &rounded
}

func valueOrZero[N int32 | int64](n *N) N {
	if n == nil {
		return 0
	}
	return *n
}
