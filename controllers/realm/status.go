// SPDX-License-Identifier: Apache-2.0

package realm

import (
	"fmt"
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

	// departed is why a pod of the auth server is no longer there, as far as is known.
	departed *conditions.Failure

	// unstarted tells, by the name of a pod that a node does not start, why.
	unstarted map[string]string

	// volume is the managed database's; databaseRefused says why its pod cannot be made.
	volume          volumeState
	databaseRefused *conditions.Failure

	// autoscalerProblem says why the number of pods does not follow the load, "" when it does.
	autoscalerProblem string
}

// statusOf is the realm's status, a pure function of what was seen and of the
// conditions that stood before.
func statusOf(realm *v1alpha1.AuthRealm, st state) v1alpha1.AuthRealmStatus {
	status := v1alpha1.AuthRealmStatus{
		Endpoint:       render.Endpoint(realm),
		JWKSURI:        realm.Spec.Issuer + "/.well-known/jwks.json",
		Replicas:       st.desiredReplicas(realm),
		ReadyReplicas:  readyReplicas(realm, st),
		SigningKeys:    keyStatus(st.keys.reported),
		NextKeyEvent:   nextKeyEvent(st.keys.reported),
		Providers:      attachedProviders(realm, st),
		EncryptionKeys: realm.Status.EncryptionKeys,

		CertificateNotAfter: optionalTime(st.certificate.notAfter),
		Config: v1alpha1.ConfigStatus{
			Revision: st.want.config,
			Pods:     podsCurrent(st),
		},
		Applied:      st.applied.record,
		Requirements: requirementStatuses(realm, st),
		Capacity:     capacityOf(realm.Status.Capacity, st.pods),
		Conditions:   realm.DeepCopy().Status.Conditions,
	}
	if st.podsUnknown != nil { // nobody was asked
		status.Capacity = realm.Status.Capacity
	}
	if keys := st.inputs.EncryptionKeys; len(keys) > 0 {
		status.EncryptionKeys = realmconfig.Revision(keys)
	}
	if st.keys.failure != nil { // nobody knows them, or they are what they were
		status.SigningKeys, status.NextKeyEvent = realm.Status.SigningKeys, realm.Status.NextKeyEvent
	}
	all := conditionsOf(realm, st)
	ready, about := ready(realm, st, all)
	status.ObservedGeneration = about
	conditions.Set(&status.Conditions, about, ready)
	conditions.Set(&status.Conditions, realm.Generation, all...)
	return status
}

// conflictStatus is the status of a realm over which no pass comes to its end. What runs
// is told as it is seen, and everything else stays as it was last said.
func conflictStatus(realm *v1alpha1.AuthRealm, st state, why error) v1alpha1.AuthRealmStatus {
	status := *realm.Status.DeepCopy()
	status.ObservedGeneration = realm.Generation
	status.Replicas, status.ReadyReplicas = st.desiredReplicas(realm), readyReplicas(realm, st)
	status.Config.Pods = podsCurrent(st)
	applied := conditions.False(v1alpha1.ResourcesAppliedCondition, v1alpha1.ReasonApplyFailed, "%s", conditions.StableMessage(why))
	seen := map[string]metav1.Condition{
		v1alpha1.ReadyCondition:            conditions.Summarize("", []metav1.Condition{applied}),
		v1alpha1.ResourcesAppliedCondition: applied,
		v1alpha1.AvailableCondition:        available(realm, st),
	}
	if st.database.managed {
		seen[v1alpha1.DatabaseReadyCondition] = databaseReady(st)
	}
	if st.cache.managed {
		seen[v1alpha1.CacheReadyCondition] = cacheReady(st)
	}
	if c := configPropagated(realm, st); c.Status != metav1.ConditionTrue {
		seen[v1alpha1.ConfigPropagatedCondition] = c
	}
	for _, kind := range v1alpha1.AuthRealmConditions() {
		c, known := seen[kind]
		if before := meta.FindStatusCondition(status.Conditions, kind); !known && before != nil {
			c = *before
		} else if !known {
			c = conditions.Unknown(kind, v1alpha1.ReasonBlocked, "Not looked at yet")
		}
		conditions.Set(&status.Conditions, realm.Generation, c)
	}
	return status
}

// podsCurrent is how many pods run what they should, of how many.
func podsCurrent(st state) string {
	if st.podsUnknown != nil { // nobody was asked
		return fmt.Sprintf("?/%d", st.podCount())
	}
	return fmt.Sprintf("%d/%d", currentPods(st), st.podCount())
}

func readyReplicas(realm *v1alpha1.AuthRealm, st state) int32 {
	switch {
	case st.applied.serverUnknown != nil:
		return realm.Status.ReadyReplicas
	case st.applied.server == nil:
		return st.podsReady()
	case st.applied.server.Status == nil:
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
// run stays attached while other settings are on their way: no later settings leave
// it out or change it. It is ready when its own status says nothing else.
func attachedProviders(realm *v1alpha1.AuthRealm, st state) []v1alpha1.ProviderStatus {
	var providers []v1alpha1.ProviderStatus
	if st.podsUnknown != nil || st.settings.failure != nil { // no settings were applied, or no pod was asked
		for _, p := range realm.Status.Providers {
			p.Ready = p.Attached && st.proven[p.Name]
			providers = append(providers, p)
		}
		return providers
	}
	for _, p := range st.providers {
		before := attached.ProviderUptake(realm, p.Name)
		p.Attached = before.Next(p.Revision, len(st.pods), st.everyPodCurrent()).Everywhere
		p.Ready = p.Attached && st.proven[p.Name]
		p.Source = st.source(p.Name, st.clientSecretOf(p.Name), st.secretSources[p.Name])
		providers = append(providers, p)
	}
	return providers
}

// clientSecretOf is the client secret of one of the providers in inputs.
func (s scope) clientSecretOf(provider string) []byte {
	for _, p := range s.inputs.Providers {
		if p.Object.Name == provider {
			return p.Secret
		}
	}
	return nil
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

func valueOr[T any](pointer *T, otherwise T) T {
	if pointer == nil {
		return otherwise
	}
	return *pointer
}

func valueOrZero[N int32 | int64](n *N) N {
	if n == nil {
		return 0
	}
	return *n
}
