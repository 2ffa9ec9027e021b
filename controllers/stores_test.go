// SPDX-License-Identifier: Apache-2.0

package controllers_test

import (
	"context"
	"fmt"
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/realmkeeper/realmkeeper/api/v1alpha1"
	"github.com/realmkeeper/realmkeeper/internal/testenv/eventually"
)

// cloudNativePG makes the two Secrets that CloudNativePG makes for a Cluster
// called accounts.
func (w *world) cloudNativePG() (app, ca *corev1.Secret) {
	w.t.Helper()
	certificate, _ := selfSigned(w.t, "accounts-rw", w.clock.now())
	app = &corev1.Secret{
		ObjectMeta: metav1.ObjectMeta{Name: "accounts-app"},
		Type:       corev1.SecretTypeBasicAuth,
		StringData: map[string]string{
			"username": "app", "user": "app", "password": "hunter2", "dbname": "app", "host": "accounts-rw", "port": "5432",
			"pgpass":   "accounts-rw:5432:app:app:hunter2\n",
			"uri":      "postgresql://app:hunter2@accounts-rw." + w.namespace + ":5432/app",
			"jdbc-uri": "jdbc:postgresql://accounts-rw:5432/app?password=hunter2&user=app",
		},
	}
	ca = &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Name: "accounts-ca"}, StringData: map[string]string{"ca.crt": string(certificate)}}
	w.create(app, ca)
	return app, ca
}

// onCloudNativePG is a realm on that database, and on a Redis of the user's.
func onCloudNativePG(s *v1alpha1.AuthRealmSpec) {
	s.Database = &v1alpha1.Database{
		URLSecretRef: &v1alpha1.SecretKeyRef{Name: "accounts-app"}, CASecretRef: &v1alpha1.SecretKeyRef{Name: "accounts-ca"},
	}
	s.Cache = &v1alpha1.Cache{
		URLSecretRef: &v1alpha1.SecretKeyRef{Name: "redis", Key: "url"}, CASecretRef: &v1alpha1.SecretKeyRef{Name: "redis", Key: "ca"},
	}
}

func (w *world) redis() *corev1.Secret {
	w.t.Helper()
	certificate, _ := selfSigned(w.t, "redis", w.clock.now())
	redis := &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Name: "redis"}, StringData: map[string]string{
		"url": "rediss+sentinel://:hunter2@sentinel:26379?master_name=main", "ca": string(certificate),
	}}
	w.create(redis)
	return redis
}

func TestChangedCredentialReachesPodsWithoutARollout(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	app, _ := w.cloudNativePG()
	w.redis()
	w.realm(onCloudNativePG)
	w.runServer(2)
	w.await(v1alpha1.ReadyCondition, metav1.ConditionTrue, v1alpha1.ReasonReady)
	before := &appsv1.Deployment{}
	w.get(before, "staff")

	w.hold("staff-1")
	w.put(app, "uri", "postgresql://app:hunter3@accounts-rw:5432/app")
	w.await(v1alpha1.ConfigPropagatedCondition, metav1.ConditionFalse, v1alpha1.ReasonPropagating,
		"1 of 2 pods", "pod staff-1 still uses earlier credentials")
	w.awaitNudge("staff-1")
	w.pods.refresh()
	w.await(v1alpha1.ReadyCondition, metav1.ConditionTrue, v1alpha1.ReasonReady)
	after := &appsv1.Deployment{}
	w.get(after, "staff")
	if before.Generation != after.Generation {
		t.Errorf("the Deployment came to generation %d from %d", after.Generation, before.Generation)
	}
	w.wantUntold("hunter")
}

// awaitNudge waits until the operator has asked a pod's kubelet to look.
func (w *world) awaitNudge(name string) {
	w.t.Helper()
	eventually.Succeeds(w.t, func(context.Context) error {
		pod := &corev1.Pod{}
		w.get(pod, name)
		if pod.Annotations["auth.realmkeeper.io/revision"] == "" {
			return fmt.Errorf("pod %s has not been nudged", name)
		}
		return nil
	})
}

func TestStoreThatPodsCannotUseIsToldAndHeals(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.cloudNativePG()
	w.redis()
	w.pods.complain("connection refused", "NOAUTH Authentication required")
	w.realm(onCloudNativePG)
	w.runServer(2)
	w.await(v1alpha1.DatabaseReadyCondition, metav1.ConditionFalse, v1alpha1.ReasonUnreachable,
		"Pod staff-0", "database.urlSecretRef", "connection refused", "correct the Secret")
	w.await(v1alpha1.CacheReadyCondition, metav1.ConditionFalse, v1alpha1.ReasonUnreachable, "cache.urlSecretRef", "NOAUTH")
	w.await(v1alpha1.ReadyCondition, metav1.ConditionFalse, v1alpha1.ReasonUnreachable)
	w.pods.complain("", "")
	w.await(v1alpha1.ReadyCondition, metav1.ConditionTrue, v1alpha1.ReasonReady)
}

func TestCAOfAStore(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	_, ca := w.cloudNativePG()
	redis := w.redis()
	good := string(redis.Data["ca"])
	w.put(redis, "ca", "none")
	if err := w.Delete(t.Context(), ca); err != nil {
		t.Fatal(err)
	}
	w.realm(onCloudNativePG)
	w.await(v1alpha1.DatabaseReadyCondition, metav1.ConditionFalse, v1alpha1.ReasonSecretNotFound,
		`database.caSecretRef: there is no Secret "accounts-ca"`)
	w.await(v1alpha1.CacheReadyCondition, metav1.ConditionFalse, v1alpha1.ReasonInvalidSecret,
		`cache.caSecretRef: key "ca" of Secret "redis" holds no certificate in PEM`)
	w.wantGone(&appsv1.Deployment{}, "staff")

	w.put(redis, "ca", good)
	w.create(&corev1.Secret{ObjectMeta: metav1.ObjectMeta{Name: "accounts-ca"}, Data: map[string][]byte{"ca.crt": []byte(good)}})
	w.runServer(2)
	w.await(v1alpha1.ReadyCondition, metav1.ConditionTrue, v1alpha1.ReasonReady)
}

func TestSecretThatGoesLeavesPodsWithWhatTheyHave(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	app, _ := w.cloudNativePG()
	w.redis()
	w.realm(onCloudNativePG)
	w.runServer(2)
	w.await(v1alpha1.ReadyCondition, metav1.ConditionTrue, v1alpha1.ReasonReady)

	w.hold("staff-0", "staff-1")
	if err := w.Delete(t.Context(), app); err != nil {
		t.Fatal(err)
	}
	w.await(v1alpha1.DatabaseReadyCondition, metav1.ConditionFalse, v1alpha1.ReasonSecretNotFound, `"accounts-app"`, "create it")
	w.await(v1alpha1.AvailableCondition, metav1.ConditionTrue, v1alpha1.ReasonAvailable)
	w.await(v1alpha1.ConfigPropagatedCondition, metav1.ConditionTrue, v1alpha1.ReasonPropagated)
}

func TestSecretOfAnotherNamespaceIsNotRead(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	elsewhere := plane.Namespace(t)
	for _, name := range []string{"accounts-app", "accounts-ca", "redis"} {
		w.create(&corev1.Secret{ObjectMeta: metav1.ObjectMeta{Name: name, Namespace: elsewhere}, StringData: map[string]string{
			"uri": "postgresql://app:hunter2@db/app", "url": "redis://cache", "ca.crt": "x", "ca": "x",
		}})
	}
	w.realm(onCloudNativePG)
	w.await(v1alpha1.DatabaseReadyCondition, metav1.ConditionFalse, v1alpha1.ReasonSecretNotFound, `no Secret "accounts-app" in this namespace`)
	w.await(v1alpha1.CacheReadyCondition, metav1.ConditionFalse, v1alpha1.ReasonSecretNotFound, `no Secret "redis" in this namespace`)
	w.wantGone(&appsv1.Deployment{}, "staff")
	w.wantUntold("hunter2")
}
