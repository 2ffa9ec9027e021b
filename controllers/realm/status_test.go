// SPDX-License-Identifier: Apache-2.0

package realm

import (
	"crypto/rand"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	appsv1ac "k8s.io/client-go/applyconfigurations/apps/v1"

	"github.com/realmkeeper/realmkeeper/api/v1alpha1"
	"github.com/realmkeeper/realmkeeper/authserver/realmconfig"
	"github.com/realmkeeper/realmkeeper/controllers/internal/conditions"
	"github.com/realmkeeper/realmkeeper/controllers/internal/kinds"
	"github.com/realmkeeper/realmkeeper/controllers/internal/podstatus"
	"github.com/realmkeeper/realmkeeper/controllers/internal/render"
	"github.com/realmkeeper/realmkeeper/controllers/internal/rotation"
)

func noon() time.Time { return time.Date(2026, time.March, 1, 12, 0, 0, 0, time.UTC) }

func testRealm() *v1alpha1.AuthRealm {
	return &v1alpha1.AuthRealm{
		ObjectMeta: metav1.ObjectMeta{Namespace: "ns", Name: "staff", Generation: 3, UID: "a-uid"},
		Spec:       v1alpha1.AuthRealmSpec{Issuer: "https://login.example.com"},
	}
}

// healthy is what a pass sees of a realm that is up.
func healthy(t *testing.T) state {
	t.Helper()
	st := state{scope: scope{inputs: render.Inputs{Realm: testRealm()}}, now: noon(), want: target{config: "c", keyset: "k", earlierKeyset: "e", certificate: "f", credentials: "s"}}
	st.keys.reported = []rotation.Key{{KID: "first", Algorithm: realmconfig.ES256, State: rotation.Active, Since: noon(), Access: true}}
	st.certificate = certificateState{issued: true, fingerprint: "f", notAfter: noon().Add(time.Hour), next: noon().Add(time.Minute)}
	st.database.managed, st.cache.managed = true, true
	st.applied.database = appsv1ac.StatefulSet("d", "ns").WithStatus(appsv1ac.StatefulSetStatus().WithReadyReplicas(1))
	st.applied.cache = deployment(1, 1, 1, 1)
	st.applied.server = deployment(4, 2, 2, 2)
	report := realmconfig.Report{Contract: realmconfig.Version, ConfigRevision: "c", KeysetRevision: "k", StoppedKeyIDs: []string{}, CertificateSHA256: "f", CredentialsRevision: "s"}
	st.pods = []podstatus.Pod{{Name: "a", Answered: true, Report: report}, {Name: "b", Answered: true, Report: report}}
	return st
}

func pendingKey(waits string) rotation.Key {
	return rotation.Key{KID: "second", Algorithm: realmconfig.EdDSA, State: rotation.Pending, WaitsFor: waits}
}

func deployment(generation int64, all, updated, available int32) *appsv1ac.DeploymentApplyConfiguration {
	return appsv1ac.Deployment("staff", "ns").WithGeneration(generation).WithStatus(appsv1ac.DeploymentStatus().
		WithObservedGeneration(generation).
		WithReplicas(all).WithUpdatedReplicas(updated).WithReadyReplicas(available).WithAvailableReplicas(available))
}

// refusedPods adds what a Deployment's controller tells when it can make no pod.
func refusedPods(d *appsv1ac.DeploymentApplyConfiguration, said string) *appsv1ac.DeploymentApplyConfiguration {
	d.Status.WithConditions(appsv1ac.DeploymentCondition().
		WithType(appsv1.DeploymentReplicaFailure).WithStatus(corev1.ConditionTrue).WithReason("FailedCreate").WithMessage(said))
	return d
}

// setSince says from when on a condition has been as it is.
func setSince(realm *v1alpha1.AuthRealm, kind string, at time.Time) {
	meta.FindStatusCondition(realm.Status.Conditions, kind).LastTransitionTime = metav1.NewTime(at)
}

func readyPod(component string) corev1.Pod {
	return corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{Name: component + "-0", Labels: map[string]string{"app.kubernetes.io/component": component}},
		Status:     corev1.PodStatus{Conditions: []corev1.PodCondition{{Type: corev1.PodReady, Status: corev1.ConditionTrue}}},
	}
}

func TestConditions(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		change     func(*v1alpha1.AuthRealm, *state)
		kind       string
		status     metav1.ConditionStatus
		reason     string
		says       string
		whileReady bool
	}{
		"a realm that is up": {
			func(*v1alpha1.AuthRealm, *state) {}, v1alpha1.AvailableCondition, metav1.ConditionTrue, v1alpha1.ReasonAvailable, "2 of 2", true,
		},
		"a realm that is open without a word about addresses": {
			func(r *v1alpha1.AuthRealm, _ *state) {
				r.Spec.Registration = &v1alpha1.Registration{Mode: v1alpha1.OpenRegistration}
			},
			v1alpha1.ResourcesAppliedCondition, metav1.ConditionTrue, v1alpha1.ReasonApplied, "Set it to Optional if that is meant, or to Required", true,
		},
		"a Deployment that has not been taken up": {
			func(_ *v1alpha1.AuthRealm, st *state) { st.applied.server.WithGeneration(5) },
			v1alpha1.AvailableCondition, metav1.ConditionFalse, v1alpha1.ReasonRolling, "not been taken up", false,
		},
		"a rollout half done": {
			func(_ *v1alpha1.AuthRealm, st *state) { st.applied.server = deployment(4, 3, 1, 2) },
			v1alpha1.AvailableCondition, metav1.ConditionFalse, v1alpha1.ReasonRolling, "1 of 2 pods are of the newest", false,
		},
		"a rollout with one old pod left": {
			func(_ *v1alpha1.AuthRealm, st *state) { st.applied.server = deployment(4, 3, 2, 2) },
			v1alpha1.AvailableCondition, metav1.ConditionFalse, v1alpha1.ReasonRolling, "1 pods of an earlier", false,
		},
		"an image that cannot be pulled": {
			func(_ *v1alpha1.AuthRealm, st *state) {
				st.applied.server = deployment(4, 2, 2, 1)
				st.pods[1].Waiting = "ErrImagePull"
			},
			v1alpha1.AvailableCondition, metav1.ConditionFalse, v1alpha1.ReasonRolling, "pod b: ErrImagePull", false,
		},
		"pods that a quota forbids": {
			func(_ *v1alpha1.AuthRealm, st *state) {
				st.applied.server = refusedPods(deployment(4, 1, 1, 1), `pods "staff-6d4f9-x7k2p" is forbidden: exceeded quota: few-pods`)
			},
			v1alpha1.AvailableCondition, metav1.ConditionFalse, v1alpha1.ReasonPodsRefused,
			"1 of 2 pods are of the newest generation; no pod can be made: pods … is forbidden: exceeded quota: few-pods", false,
		},
		"pods that Pod Security forbids": {
			func(_ *v1alpha1.AuthRealm, st *state) {
				st.applied.server = refusedPods(deployment(4, 2, 2, 1), `pods "staff-6d4f9-x7k2p" is forbidden: violates PodSecurity`)
			},
			v1alpha1.AvailableCondition, metav1.ConditionFalse, v1alpha1.ReasonPodsRefused, "1 of 2 pods are available; no pod can be made: pods … is forbidden", false,
		},
		"a cache whose pod a quota forbids": {
			func(_ *v1alpha1.AuthRealm, st *state) {
				st.applied.cache = refusedPods(deployment(1, 0, 0, 0), "exceeded quota: few-pods")
			},
			v1alpha1.CacheReadyCondition, metav1.ConditionFalse, v1alpha1.ReasonPodsRefused, "does not answer yet; no pod can be made: exceeded quota: few-pods", false,
		},
		"a pod that fits on no node": {
			func(_ *v1alpha1.AuthRealm, st *state) {
				st.applied.server = deployment(4, 2, 2, 1)
				st.pods[1].Trouble = conditions.NewFailure(v1alpha1.ReasonUnschedulable, "pod b fits on no node")
			},
			v1alpha1.AvailableCondition, metav1.ConditionFalse, v1alpha1.ReasonUnschedulable, "1 of 2 pods are available; pod b fits on no node", false,
		},
		"a pod that is not there any more": {
			func(_ *v1alpha1.AuthRealm, st *state) {
				st.applied.server = deployment(4, 2, 2, 1)
				st.departed = conditions.NewFailure(v1alpha1.ReasonNodeLost, "pod z should have ended")
			},
			v1alpha1.AvailableCondition, metav1.ConditionFalse, v1alpha1.ReasonNodeLost, "1 of 2 pods are available; pod z should have ended", false,
		},
		"a pod that is not started, with what an event tells": {
			func(_ *v1alpha1.AuthRealm, st *state) {
				st.applied.server = deployment(4, 2, 2, 1)
				st.pods[1].Trouble = conditions.NewFailure(v1alpha1.ReasonPodNotStarted, "pod b is not started")
				st.unstarted = map[string]string{"b": `secret "x" not found`}
			},
			v1alpha1.AvailableCondition, metav1.ConditionFalse, v1alpha1.ReasonPodNotStarted, `pod b is not started; lately: secret "x" not found`, false,
		},
		"a pod that is not ready, with what it says": {
			func(_ *v1alpha1.AuthRealm, st *state) {
				st.applied.server = deployment(4, 2, 2, 1)
				st.pods[1].Trouble, st.pods[1].Report.DatabaseProblem = conditions.NewFailure(v1alpha1.ReasonPodNotReady, "pod b is not ready"), "connection refused"
			},
			v1alpha1.AvailableCondition, metav1.ConditionFalse, v1alpha1.ReasonPodNotReady, "pod b is not ready; it says: connection refused", false,
		},
		"an autoscaler that does not know the load": {
			func(_ *v1alpha1.AuthRealm, st *state) {
				st.autoscalerProblem = "; their number does not follow the load: no metrics"
			},
			v1alpha1.AvailableCondition, metav1.ConditionTrue, v1alpha1.ReasonAvailable, "2 of 2 pods are available; their number does not follow the load: no metrics", true,
		},
		"a database whose volume does not come": {
			func(_ *v1alpha1.AuthRealm, st *state) {
				st.applied.database.Status.WithReadyReplicas(0)
				st.volume.trouble = conditions.NewFailure(v1alpha1.ReasonVolumePending, "volume claim data waits")
			},
			v1alpha1.DatabaseReadyCondition, metav1.ConditionFalse, v1alpha1.ReasonVolumePending, "does not answer yet; volume claim data waits", false,
		},
		"a database whose pod a quota forbids": {
			func(_ *v1alpha1.AuthRealm, st *state) {
				st.applied.database.Status.WithReadyReplicas(0)
				st.databaseRefused = refusedPod("staff-database", "create Pod staff-database-0 in StatefulSet staff-database failed error: exceeded quota: few")
			},
			v1alpha1.DatabaseReadyCondition, metav1.ConditionFalse, v1alpha1.ReasonPodsRefused, "no pod can be made: create Pod staff-database-0", false,
		},
		"a database on another volume than is asked for": {
			func(_ *v1alpha1.AuthRealm, st *state) { st.volume.differs = "Its volume has 8Gi" },
			v1alpha1.DatabaseReadyCondition, metav1.ConditionTrue, v1alpha1.ReasonVolumeDiffers, "The managed PostgreSQL answers. Its volume has 8Gi", true,
		},
		"a store of which nobody knows": {
			func(_ *v1alpha1.AuthRealm, st *state) {
				st.applied.database, st.applied.databaseUnknown = nil, conditions.NewFailure(v1alpha1.ReasonFailed, "get StatefulSet: no")
			},
			v1alpha1.DatabaseReadyCondition, metav1.ConditionUnknown, v1alpha1.ReasonFailed, "get StatefulSet: no", false,
		},
		"a cache without a Deployment whose pod is ready": {
			func(_ *v1alpha1.AuthRealm, st *state) {
				st.applied.cache, st.stores = nil, []corev1.Pod{readyPod("cache")}
			},
			v1alpha1.CacheReadyCondition, metav1.ConditionTrue, v1alpha1.ReasonReady, "answers", true,
		},
		"pods that serve without a Deployment": {
			func(_ *v1alpha1.AuthRealm, st *state) {
				st.applied.server, st.pods[0].Ready, st.pods[1].Ready = nil, true, true
			},
			v1alpha1.AvailableCondition, metav1.ConditionTrue, v1alpha1.ReasonAvailable, "2 of 2 pods are available, and no Deployment looks after them", true,
		},
		"too few pods without a Deployment": {
			func(_ *v1alpha1.AuthRealm, st *state) { st.applied.server, st.pods[0].Ready = nil, true },
			v1alpha1.AvailableCondition, metav1.ConditionFalse, v1alpha1.ReasonBlocked, "1 of 2 pods are available, and there is no Deployment", false,
		},
		"a Deployment that is withheld": {
			func(_ *v1alpha1.AuthRealm, st *state) { st.applied.server, st.pods = nil, nil },
			v1alpha1.AvailableCondition, metav1.ConditionFalse, v1alpha1.ReasonBlocked, "No pod is started before what it needs is there", false,
		},
		"a database that starts": {
			func(_ *v1alpha1.AuthRealm, st *state) { st.applied.database.Status.WithReadyReplicas(0) },
			v1alpha1.DatabaseReadyCondition, metav1.ConditionFalse, v1alpha1.ReasonStarting, "PostgreSQL", false,
		},
		"a cache that could not be applied": {
			func(_ *v1alpha1.AuthRealm, st *state) { st.applied.cache = nil },
			v1alpha1.CacheReadyCondition, metav1.ConditionFalse, v1alpha1.ReasonStarting, "Redis", false,
		},
		"a Secret for mail that is missing": {
			func(_ *v1alpha1.AuthRealm, st *state) {
				st.delivery = deliveryState{named: 2, failure: conditions.NewFailure(v1alpha1.ReasonSecretNotFound, "email: there is none")}
			},
			v1alpha1.SecretsFoundCondition, metav1.ConditionFalse, v1alpha1.ReasonSecretNotFound, "email: there is none", false,
		},
		"every Secret for mail": {
			func(_ *v1alpha1.AuthRealm, st *state) { st.delivery.named = 2 },
			v1alpha1.SecretsFoundCondition, metav1.ConditionTrue, v1alpha1.ReasonFound, "Every Secret", true,
		},
		"a Secret for registrations that is missing": {
			func(_ *v1alpha1.AuthRealm, st *state) {
				st.registration = registrationState{named: true, failure: conditions.NewFailure(v1alpha1.ReasonSecretNotFound, "clients: there is none")}
			},
			v1alpha1.SecretsFoundCondition, metav1.ConditionFalse, v1alpha1.ReasonSecretNotFound, "clients: there is none", false,
		},
		"the Secret for registrations": {
			func(_ *v1alpha1.AuthRealm, st *state) { st.registration.named = true },
			v1alpha1.SecretsFoundCondition, metav1.ConditionTrue, v1alpha1.ReasonFound, "clients.registration", true,
		},
		"a brand that is as it should be": {
			func(*v1alpha1.AuthRealm, *state) {},
			v1alpha1.BrandingAcceptedCondition, metav1.ConditionTrue, v1alpha1.ReasonAccepted, "as ui says", true,
		},
		"a brand with much that is of no use": {
			func(_ *v1alpha1.AuthRealm, st *state) {
				st.branding = brandingFailure(nil, []error{errors.New("a: cannot be read")}, slices.Repeat([]error{errors.New("there is no text x")}, 10))
			},
			v1alpha1.BrandingAcceptedCondition, metav1.ConditionFalse, v1alpha1.ReasonLowContrast,
			"a: cannot be read; the theme is left as it was built; " + strings.Repeat("there is no text x; ", 7) + "and 3 more", false,
		},
		"settings that an auth server refuses": {
			func(_ *v1alpha1.AuthRealm, st *state) {
				st.settings.failure = invalidSettings(errors.Join(errors.New("email.host: must not be empty"), errors.New("email.port: must be 1 to 65535")))
			},
			v1alpha1.ResourcesAppliedCondition, metav1.ConditionFalse, v1alpha1.ReasonInvalidSettings,
			"The settings cannot be used: email.host: must not be empty; email.port: must be 1 to 65535", false,
		},
		"pods that run the last good settings": {
			func(_ *v1alpha1.AuthRealm, st *state) {
				st.settings.failure = invalidSettings(errors.New("email.host: must not be empty"))
			},
			v1alpha1.ConfigPropagatedCondition, metav1.ConditionFalse, v1alpha1.ReasonInvalidSettings, "2 of 2 pods run revision c, the last settings that were good", false,
		},
		"an older realm of the issuer": {
			func(_ *v1alpha1.AuthRealm, st *state) {
				st.duplicateIssuer = conditions.NewFailure(v1alpha1.ReasonDuplicateIssuer, "x has it")
			},
			v1alpha1.IssuerUniqueCondition, metav1.ConditionFalse, v1alpha1.ReasonDuplicateIssuer, "x has it", false,
		},
		"a pod that does not answer": {
			func(_ *v1alpha1.AuthRealm, st *state) { st.pods[0] = podstatus.Pod{Name: "a"} },
			v1alpha1.ConfigPropagatedCondition, metav1.ConditionFalse, v1alpha1.ReasonPropagating, "1 of 2 pods run the newest settings, keys, credentials and certificate; pod a does not answer yet", false,
		},
		"a pod that began after pods were asked": {
			func(_ *v1alpha1.AuthRealm, st *state) { st.pods = st.pods[:1] },
			v1alpha1.ConfigPropagatedCondition, metav1.ConditionFalse, v1alpha1.ReasonPropagating, "1 of 2 pods run the newest settings, keys, credentials and certificate; the others have just begun", false,
		},
		"a pod with the earlier keys": {
			func(_ *v1alpha1.AuthRealm, st *state) { st.pods[1].Report.KeysetRevision = "old" },
			v1alpha1.ConfigPropagatedCondition, metav1.ConditionFalse, v1alpha1.ReasonPropagating, "pod b still has the earlier keys", false,
		},
		"a pod with the earlier certificate": {
			func(_ *v1alpha1.AuthRealm, st *state) { st.pods[1].Report.CertificateSHA256 = "old" },
			v1alpha1.ConfigPropagatedCondition, metav1.ConditionFalse, v1alpha1.ReasonPropagating, "pod b still serves the earlier certificate", false,
		},
		"a pod with earlier credentials": {
			func(_ *v1alpha1.AuthRealm, st *state) { st.pods[1].Report.CredentialsRevision = "old" },
			v1alpha1.ConfigPropagatedCondition, metav1.ConditionFalse, v1alpha1.ReasonPropagating, "1 of 2 pods run the newest settings, keys, credentials and certificate; pod b still uses earlier credentials", false,
		},
		"a ready realm whose keys are renewed": {
			func(realm *v1alpha1.AuthRealm, st *state) {
				realm.Status = statusOf(realm, *st)
				st.pods[1].Report.KeysetRevision = "old"
			},
			v1alpha1.ConfigPropagatedCondition, metav1.ConditionFalse, v1alpha1.ReasonPropagating, "pod b still has the earlier keys", true,
		},
		"a ready realm with another spec": {
			func(realm *v1alpha1.AuthRealm, st *state) {
				realm.Status = statusOf(realm, *st)
				realm.Generation++
				st.pods[1].Report.ConfigRevision = "old"
			},
			v1alpha1.ConfigPropagatedCondition, metav1.ConditionFalse, v1alpha1.ReasonPropagating, "pod b still runs revision old", true,
		},
		"a ready realm whose pods lag behind another spec for long": {
			func(realm *v1alpha1.AuthRealm, st *state) {
				realm.Status = statusOf(realm, *st)
				realm.Generation++
				st.pods[1].Report.ConfigRevision = "old"
				realm.Status = statusOf(realm, *st)
				st.now = st.now.Add(usualRollout)
				setSince(realm, v1alpha1.ConfigPropagatedCondition, noon())
			},
			v1alpha1.ConfigPropagatedCondition, metav1.ConditionFalse, v1alpha1.ReasonPropagating, "pod b still runs revision old", false,
		},
		"a ready realm whose pods are replaced": {
			func(realm *v1alpha1.AuthRealm, st *state) {
				realm.Status = statusOf(realm, *st)
				realm.Generation++
				st.applied.server = deployment(5, 3, 1, 2)
			},
			v1alpha1.AvailableCondition, metav1.ConditionFalse, v1alpha1.ReasonRolling, "1 of 2 pods are of the newest", true,
		},
		"a ready realm whose pods are replaced for long, one after the other": {
			func(realm *v1alpha1.AuthRealm, st *state) {
				realm.Status = statusOf(realm, *st)
				realm.Generation++
				st.applied.server = deployment(5, 3, 1, 2)
				st.applied.server.Status.WithConditions(appsv1ac.DeploymentCondition().
					WithType(appsv1.DeploymentProgressing).WithLastUpdateTime(metav1.NewTime(noon().Add(time.Hour))))
				realm.Status = statusOf(realm, *st)
				setSince(realm, v1alpha1.AvailableCondition, noon())
				st.now = st.now.Add(time.Hour + time.Minute)
			},
			v1alpha1.AvailableCondition, metav1.ConditionFalse, v1alpha1.ReasonRolling, "1 of 2 pods are of the newest", true,
		},
		"a ready realm whose pods are not replaced": {
			func(realm *v1alpha1.AuthRealm, st *state) {
				realm.Status = statusOf(realm, *st)
				realm.Generation++
				st.applied.server = deployment(5, 3, 1, 2)
				realm.Status = statusOf(realm, *st)
				setSince(realm, v1alpha1.AvailableCondition, noon())
				st.now = st.now.Add(usualRollout)
			},
			v1alpha1.AvailableCondition, metav1.ConditionFalse, v1alpha1.ReasonRolling, "1 of 2 pods are of the newest", false,
		},
		"a ready realm of which no pod is left": {
			func(realm *v1alpha1.AuthRealm, st *state) {
				realm.Status = statusOf(realm, *st)
				st.applied.server = deployment(4, 2, 2, 0)
			},
			v1alpha1.AvailableCondition, metav1.ConditionFalse, v1alpha1.ReasonRolling, "0 of 2 pods are available", false,
		},
		"a ready realm whose cache starts": {
			func(realm *v1alpha1.AuthRealm, st *state) {
				realm.Status = statusOf(realm, *st)
				st.applied.cache = deployment(1, 1, 1, 0)
			},
			v1alpha1.CacheReadyCondition, metav1.ConditionFalse, v1alpha1.ReasonStarting, "Redis", true,
		},
		"a ready realm whose database starts": {
			func(realm *v1alpha1.AuthRealm, st *state) {
				realm.Status = statusOf(realm, *st)
				st.applied.database.Status.WithReadyReplicas(0)
			},
			v1alpha1.DatabaseReadyCondition, metav1.ConditionFalse, v1alpha1.ReasonStarting, "PostgreSQL", false,
		},
		"a ready realm whose pod refuses what it was given": {
			func(realm *v1alpha1.AuthRealm, st *state) {
				realm.Status = statusOf(realm, *st)
				st.pods[1].Report.Problem = "no such field"
			},
			v1alpha1.ConfigPropagatedCondition, metav1.ConditionFalse, v1alpha1.ReasonRefused, "no such field", false,
		},
		"credentials that nobody knows": {
			func(_ *v1alpha1.AuthRealm, st *state) { st.want.credentials = "" },
			v1alpha1.ConfigPropagatedCondition, metav1.ConditionTrue, v1alpha1.ReasonPropagated, "2 of 2", true,
		},
		"a database that a pod cannot use": {
			func(_ *v1alpha1.AuthRealm, st *state) {
				st.database.managed, st.pods[1].Report.DatabaseProblem = false, "password authentication failed"
			},
			v1alpha1.DatabaseReadyCondition, metav1.ConditionFalse, v1alpha1.ReasonUnreachable,
			"Pod b cannot use the PostgreSQL that database.urlSecretRef names: password authentication failed; correct the Secret", false,
		},
		"a managed cache that a pod cannot use": {
			func(_ *v1alpha1.AuthRealm, st *state) { st.pods[0].Report.CacheProblem = "timeout" },
			v1alpha1.CacheReadyCondition, metav1.ConditionFalse, v1alpha1.ReasonUnreachable, "Pod a cannot use the managed Redis: timeout", false,
		},
		"a key that is to sign": {
			func(_ *v1alpha1.AuthRealm, st *state) { st.keys.reported = append(st.keys.reported, pendingKey("")) },
			v1alpha1.SigningKeysReadyCondition, metav1.ConditionTrue, v1alpha1.ReasonSigning,
			"Key first signs with ES256; key second (EdDSA) signs next, once no verifier has an older copy of the JWKS", true,
		},
		"a key that waits for a pod": {
			func(_ *v1alpha1.AuthRealm, st *state) {
				st.keys.reported = append(st.keys.reported, pendingKey("pod b, which does not answer"))
			},
			v1alpha1.SigningKeysReadyCondition, metav1.ConditionTrue, v1alpha1.ReasonSigning,
			"Key first signs with ES256; key second (EdDSA) signs next, and waits for pod b, which does not answer", true,
		},
		"a key that some pod still signs with": {
			func(_ *v1alpha1.AuthRealm, st *state) {
				st.keys.reported = append(st.keys.reported, rotation.Key{KID: "zeroth", State: rotation.Retiring, WaitsFor: "pod a, which still signs with it"})
			},
			v1alpha1.SigningKeysReadyCondition, metav1.ConditionTrue, v1alpha1.ReasonSigning,
			"Key first signs with ES256; key zeroth is retiring, and waits for pod a, which still signs with it", true,
		},
		"a key set of which no key signs": {
			func(_ *v1alpha1.AuthRealm, st *state) { st.keys.reported[0].State = rotation.Pending },
			v1alpha1.SigningKeysReadyCondition, metav1.ConditionFalse, v1alpha1.ReasonInvalidSecret, "No key", false,
		},
		"pods of which nobody knows": {
			func(_ *v1alpha1.AuthRealm, st *state) {
				st.pods, st.podsUnknown = nil, conditions.NewFailure(v1alpha1.ReasonFailed, "list pods: no")
			},
			v1alpha1.ConfigPropagatedCondition, metav1.ConditionUnknown, v1alpha1.ReasonFailed, "list pods: no", false,
		},
		"a Secret of the realm's that is somebody else's": {
			func(_ *v1alpha1.AuthRealm, st *state) {
				st.addOwnFailure(conditions.NewFailure(v1alpha1.ReasonNameTaken, "x is taken"))
			},
			v1alpha1.ResourcesAppliedCondition, metav1.ConditionFalse, v1alpha1.ReasonNameTaken, "x is taken", false,
		},
		"a Secret of the realm's that is somebody else's, and pods that go on": {
			func(_ *v1alpha1.AuthRealm, st *state) {
				st.addOwnFailure(conditions.NewFailure(v1alpha1.ReasonNameTaken, "x is taken"))
			},
			v1alpha1.AvailableCondition, metav1.ConditionTrue, v1alpha1.ReasonAvailable, "2 of 2", false,
		},
		"objects that were refused": {
			func(_ *v1alpha1.AuthRealm, st *state) {
				for range 3 {
					st.applied.addFailure(conditions.NewFailure(v1alpha1.ReasonApplyFailed, "a quota says no"))
				}
			},
			v1alpha1.ResourcesAppliedCondition, metav1.ConditionFalse, v1alpha1.ReasonApplyFailed, "a quota says no; and 2 more that could not be done", false,
		},
		"a refusal after what passes by no other means": {
			func(_ *v1alpha1.AuthRealm, st *state) {
				st.addOwnFailure(conditions.NewFailure(v1alpha1.ReasonNameTaken, "x is taken"))
				st.addOwnFailure(conditions.NewFailure(v1alpha1.ReasonKeysLost, "keys are gone"))
				st.applied.addFailure(conditions.NewFailure(v1alpha1.ReasonApplyFailed, "a quota says no"))
				st.settings.failure = conditions.NewFailure(v1alpha1.ReasonInvalidSettings, "y cannot be used")
			},
			v1alpha1.ResourcesAppliedCondition, metav1.ConditionFalse, v1alpha1.ReasonKeysLost,
			"keys are gone; a quota says no; x is taken; y cannot be used", false,
		},
		"more refusals than fit": {
			func(_ *v1alpha1.AuthRealm, st *state) {
				for i := range 20 {
					st.applied.addFailure(conditions.NewFailure(v1alpha1.ReasonApplyFailed, "refusal %d", i))
				}
			},
			v1alpha1.ResourcesAppliedCondition, metav1.ConditionFalse, v1alpha1.ReasonApplyFailed, "refusal 7; and 12 more that could not be done", false,
		},
		"a pod that lags and could not be told": {
			func(_ *v1alpha1.AuthRealm, st *state) {
				st.pods[1].Report.KeysetRevision, st.refreshFailure = "old", conditions.NewFailure(v1alpha1.ReasonFailed, "annotate pod b: no")
			},
			v1alpha1.ConfigPropagatedCondition, metav1.ConditionFalse, v1alpha1.ReasonPropagating, "since it could not be told to: annotate pod b: no", false,
		},
		"keys that nobody knows": {
			func(_ *v1alpha1.AuthRealm, st *state) {
				st.want.keyset, st.want.certificate = "", ""
				st.pods[1].Report.KeysetRevision, st.pods[1].Report.CertificateSHA256 = "x", "y"
			},
			v1alpha1.ConfigPropagatedCondition, metav1.ConditionTrue, v1alpha1.ReasonPropagated, "2 of 2", true,
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			realm, st := testRealm(), healthy(t)
			c.change(realm, &st)
			conditions := statusOf(realm, st).Conditions
			got := meta.FindStatusCondition(conditions, c.kind)
			if got.Status != c.status || got.Reason != c.reason || !strings.Contains(got.Message, c.says) {
				t.Errorf("%s is %s/%s %q", c.kind, got.Status, got.Reason, got.Message)
			}
			if ready := meta.IsStatusConditionTrue(conditions, v1alpha1.ReadyCondition); ready != c.whileReady {
				t.Errorf("Ready is %t", ready)
			}
			var types []string
			for _, c := range conditions {
				types = append(types, c.Type)
			}
			if !slices.Equal(types, v1alpha1.AuthRealmConditions()) {
				t.Errorf("conditions are %v", types)
			}
		})
	}
}

func TestStatusOfTheSameViewIsTheSame(t *testing.T) {
	t.Parallel()
	realm, st := testRealm(), healthy(t)
	realm.Status = statusOf(realm, st)
	if again := statusOf(realm, st); !equality.Semantic.DeepEqual(realm.Status, again) {
		t.Errorf("a second pass says\n%+v\nafter\n%+v", again, realm.Status)
	}
}

func TestProvidersOfTheRealm(t *testing.T) {
	t.Parallel()
	lag := func(st *state) { st.pods[1].Report.ConfigRevision = "old" }
	for name, c := range map[string]struct {
		before v1alpha1.ProviderStatus
		change func(*state)
		want   string
	}{
		"every pod runs it":                                    {v1alpha1.ProviderStatus{}, func(*state) {}, "google true"},
		"a pod does not run it yet":                            {v1alpha1.ProviderStatus{}, lag, "google false"},
		"every pod ran it before":                              {v1alpha1.ProviderStatus{Name: "google", Revision: "r", Attached: true, Ready: true}, lag, "google true"},
		"every pod ran other settings of it":                   {v1alpha1.ProviderStatus{Name: "google", Revision: "q", Attached: true, Ready: true}, lag, "google false"},
		"a pod lagged before as well":                          {v1alpha1.ProviderStatus{Name: "google", Revision: "r"}, lag, "google false"},
		"it does not work, whatever pods run":                  {v1alpha1.ProviderStatus{Name: "google", Revision: "r", Attached: true, Ready: true}, func(st *state) { st.proven = nil }, "google false"},
		"settings that cannot be used, and it works no longer": {v1alpha1.ProviderStatus{Name: "github", Revision: "s", Attached: true, Ready: true}, func(st *state) { st.settings.failure, st.proven = &conditions.Failure{}, nil }, "github false"},
		"no pod is there":                                      {v1alpha1.ProviderStatus{Name: "google", Revision: "r", Attached: true, Ready: true}, func(st *state) { st.pods = nil }, "google false"},
		"settings that cannot be used: what was said stays":    {v1alpha1.ProviderStatus{Name: "github", Revision: "s", Attached: true, Ready: true}, func(st *state) { st.settings.failure = &conditions.Failure{} }, "github true"},
		"nobody knows of any pods: what was said stays":        {v1alpha1.ProviderStatus{Name: "github", Revision: "s", Attached: true, Ready: true}, func(st *state) { st.podsUnknown = &conditions.Failure{} }, "github true"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			realm, st := testRealm(), healthy(t)
			realm.Status.Providers = []v1alpha1.ProviderStatus{c.before}
			st.providers = []v1alpha1.ProviderStatus{{Name: "google", Type: v1alpha1.GoogleProvider, Revision: "r"}}
			st.proven = map[string]bool{"google": true, "github": true}
			c.change(&st)
			got := statusOf(realm, st).Providers
			if len(got) != 1 || fmt.Sprintf("%s %t", got[0].Name, got[0].Ready) != c.want {
				t.Errorf("providers are %+v, want %s", got, c.want)
			}
		})
	}
}

func TestNextLook(t *testing.T) {
	t.Parallel()
	r := &reconciler{}
	for name, c := range map[string]struct {
		change   func(*state)
		lagging  time.Duration // for how long pods have lagged; 0 when none does
		from, to time.Duration
	}{
		"soon, while pods take up a change":         {func(*state) {}, time.Second, pollInterval, pollInterval},
		"patiently, when they take too long":        {func(*state) {}, time.Hour, slowPollInterval, slowPollInterval},
		"at the certificate's renewal, staggered":   {func(*state) {}, 0, time.Minute, time.Minute + renewalSpread},
		"in a second, when the time has passed":     {func(st *state) { st.certificate.next = noon().Add(-2 * renewalSpread) }, 0, time.Second, time.Second},
		"patiently, while a pod cannot use a store": {func(st *state) { st.pods[0].Report.CacheProblem = "timeout" }, 0, slowPollInterval, slowPollInterval},
		"patiently, while a key waits for a pod":    {func(st *state) { st.keys.awaitsPods = true }, 0, slowPollInterval, slowPollInterval},
		"when a key moves on, if that is sooner":    {func(st *state) { st.keys.next = noon().Add(5 * time.Second) }, 0, 5 * time.Second, 5 * time.Second},
		"when the earlier password may go": {func(st *state) {
			st.inputs.Cache = render.StoreLogin{Since: noon().Add(-20 * time.Second), Earlier: &render.StoreLogin{}}
		}, 0, 40 * time.Second, 40 * time.Second},
		"when a new password is asked for": {func(st *state) {
			st.inputs.Realm.Spec.Database = &v1alpha1.Database{Managed: &v1alpha1.ManagedDatabase{RotatePasswordAfter: ptr(metav1.NewTime(noon().Add(50 * time.Second)))}}
		}, 0, 50 * time.Second, 50 * time.Second},
		"after a while, when a kind is missing of which nobody would tell": {func(st *state) {
			st.inputs.Realm.Spec.TLS = &v1alpha1.TLS{CertManager: &v1alpha1.CertManager{}}
			st.missingKinds, st.kindsUnwatched, st.certificate.next = []schema.GroupVersionKind{render.CertificateKind()}, true, time.Time{}
		}, 0, kinds.AskAgain, kinds.AskAgain},
		"within two minutes, when the database is not the operator's": {func(st *state) {
			st.database.managed, st.certificate.next = false, time.Time{}
		}, 0, storePollInterval, 2 * storePollInterval},
		"in about a minute, when something was refused": {func(st *state) {
			st.certificate.next = time.Time{}
			_, _ = st.classify(conditions.NewFailure(v1alpha1.ReasonApplyFailed, "a policy says no"))
			_, _ = st.classify(conditions.NewFailure(v1alpha1.ReasonNameTaken, "x is taken"))
		}, 0, 40 * time.Second, 80 * time.Second},
		"in about a minute, when what pods wait for was refused": {func(st *state) {
			st.applied.mountFailure, st.retry, st.certificate.next = conditions.NewFailure(v1alpha1.ReasonApplyFailed, "a policy says no"), true, time.Time{}
		}, time.Second, 40 * time.Second, 80 * time.Second},
		"in about a minute, when keys were refused that pods wait for": {func(st *state) {
			st.keys.failure, st.retry, st.certificate.next = conditions.NewFailure(v1alpha1.ReasonApplyFailed, "a policy says no"), true, time.Time{}
		}, time.Hour, 40 * time.Second, 80 * time.Second},
		"in about a minute, when a certificate was refused that pods wait for": {func(st *state) {
			st.addOwnFailure(conditions.NewFailure(v1alpha1.ReasonApplyFailed, "a policy says no"))
			st.retry, st.certificate.next = true, time.Time{}
		}, time.Hour, 40 * time.Second, 80 * time.Second},
		"soon, when what was refused is nothing that pods wait for": {func(st *state) {
			st.applied.addFailure(conditions.NewFailure(v1alpha1.ReasonApplyFailed, "a policy says no"))
			st.retry = true
		}, time.Second, pollInterval, pollInterval},
		"at once, when a certificate of the user's ends": {func(st *state) { st.certificate.issued = false }, 0, time.Minute, time.Minute},
		"patiently, while a managed database starts": {func(st *state) {
			st.applied.database.Status.WithReadyReplicas(0)
		}, time.Hour, slowPollInterval, slowPollInterval},
		"within two minutes, when an autoscaler may be hindered": {func(st *state) {
			st.inputs.Realm.Spec.Autoscaling, st.certificate.next = &v1alpha1.Autoscaling{MaxReplicas: 3}, time.Time{}
		}, 0, storePollInterval, 2 * storePollInterval},
		"within two minutes, when pods count people": {func(st *state) {
			st.inputs.Realm.Spec.TwoFactor, st.certificate.next = requiredOf(v1alpha1.RequiredOfEverybody, v1alpha1.Observe), time.Time{}
			counted(st, 0, 0, twelveOfFifty())
		}, 0, requirementPollInterval, 2 * requirementPollInterval},
		"soon, when pods have not counted yet": {func(st *state) {
			st.inputs.Realm.Spec.TwoFactor, st.certificate.next = requiredOf(v1alpha1.RequiredOfEverybody, v1alpha1.Observe), time.Time{}
		}, 0, slowPollInterval, slowPollInterval},
		"within half an hour, when pods may have seen a proxy": {func(st *state) { st.certificate.next = time.Time{} }, 0, proxyPollInterval, 2 * proxyPollInterval},
		"never, when nothing is due":                           {func(st *state) { st.certificate.next, st.pods = time.Time{}, nil }, 0, 0, 0},
		"at the renewal, when settings are at fault":           {func(st *state) { st.settings.failure = &conditions.Failure{} }, time.Second, time.Minute, time.Minute + renewalSpread},
		"at the renewal, when no Deployment is made":           {func(st *state) { st.applied.server = nil }, time.Second, time.Minute, time.Minute + renewalSpread},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			realm, st := testRealm(), healthy(t)
			c.change(&st)
			condition := metav1.Condition{Type: v1alpha1.ConfigPropagatedCondition, Status: metav1.ConditionTrue}
			if c.lagging > 0 {
				condition.Status, condition.LastTransitionTime = metav1.ConditionFalse, metav1.NewTime(noon().Add(-c.lagging))
				if st.settings.failure != nil {
					condition.Reason = v1alpha1.ReasonInvalidSettings
				}
			}
			realm.Spec.Autoscaling, realm.Spec.TwoFactor = st.inputs.Realm.Spec.Autoscaling, st.inputs.Realm.Spec.TwoFactor
			required := requirementsInForce(realm, st)
			required.LastTransitionTime = metav1.NewTime(noon())
			status := v1alpha1.AuthRealmStatus{Conditions: []metav1.Condition{condition, resourcesApplied(realm, st), required}}
			if got := r.requeueAfter(realm, st, status); got < c.from || got > c.to {
				t.Errorf("next look in %s, want %s to %s", got, c.from, c.to)
			}
		})
	}
}

func TestFirstEncryptionKeysAreReadByTheServer(t *testing.T) {
	t.Parallel()
	document, err := firstEncryptionKeys(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	var keys realmconfig.EncryptionKeys
	if err := realmconfig.Decode(document, &keys); err != nil {
		t.Error(err)
	}
}

func ptr[T any](v T) *T { return &v }
