// SPDX-License-Identifier: Apache-2.0

package controllers_test

import (
	"context"
	"fmt"
	"maps"
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	corev1ac "k8s.io/client-go/applyconfigurations/core/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/realmkeeper/realmkeeper/api/v1alpha1"
	"github.com/realmkeeper/realmkeeper/internal/testenv/eventually"
)

func TestMissingSecretIsNamedAndHealsWhenItAppears(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.realm(func(s *v1alpha1.AuthRealmSpec) {
		s.Database = &v1alpha1.Database{URLSecretRef: &v1alpha1.SecretKeyRef{Name: "db-app"}}
		s.Cache = &v1alpha1.Cache{URLSecretRef: &v1alpha1.SecretKeyRef{Name: "redis", Key: "url"}}
	})
	w.await(v1alpha1.DatabaseReadyCondition, metav1.ConditionFalse, v1alpha1.ReasonSecretNotFound, `there is no Secret "db-app"`)
	w.await(v1alpha1.CacheReadyCondition, metav1.ConditionFalse, v1alpha1.ReasonSecretNotFound, `there is no Secret "redis"`)
	w.await(v1alpha1.AvailableCondition, metav1.ConditionFalse, v1alpha1.ReasonBlocked)
	w.wantGone(&appsv1.Deployment{}, "staff")

	secret := &corev1.Secret{
		ObjectMeta: metav1.ObjectMeta{Name: "db-app"},
		StringData: map[string]string{"url": "postgresql://app:pw@db:5432/app"},
	}
	w.create(secret, &corev1.Secret{
		ObjectMeta: metav1.ObjectMeta{Name: "redis"},
		StringData: map[string]string{"url": "rediss://:pw@cache:6379"},
	})
	w.await(v1alpha1.CacheReadyCondition, metav1.ConditionTrue, v1alpha1.ReasonExternal)
	w.await(v1alpha1.DatabaseReadyCondition, metav1.ConditionFalse, v1alpha1.ReasonSecretNotFound, `Secret "db-app" has no key "uri"`)

	w.put(secret, "uri", "mysql://app:hunter2@db:5432/app")
	w.await(v1alpha1.DatabaseReadyCondition, metav1.ConditionFalse, v1alpha1.ReasonInvalidSecret, "postgres://")
	w.put(secret, "uri", "postgresql://app:pw@db:5432/app")
	w.await(v1alpha1.DatabaseReadyCondition, metav1.ConditionTrue, v1alpha1.ReasonExternal)

	w.runServer(2)
	w.await(v1alpha1.ReadyCondition, metav1.ConditionTrue, v1alpha1.ReasonReady)
}

// put writes one value of a Secret.
func (w *world) put(s *corev1.Secret, key, value string) {
	w.t.Helper()
	eventually.Succeeds(w.t, func(ctx context.Context) error {
		w.get(s, s.Name)
		s.Data[key] = []byte(value)
		return w.Update(ctx, s)
	})
}

// meddle changes an object that the operator may write at the same time.
func (w *world) meddle(o client.Object, name string, change func()) {
	w.t.Helper()
	eventually.Succeeds(w.t, func(ctx context.Context) error {
		w.get(o, name)
		change()
		return w.Update(ctx, o)
	})
}

// wantGone waits until an object does not exist.
func (w *world) wantGone(o client.Object, name string) {
	w.t.Helper()
	eventually.Succeeds(w.t, func(ctx context.Context) error {
		err := w.Get(ctx, types.NamespacedName{Namespace: w.namespace, Name: name}, o)
		if apierrors.IsNotFound(err) {
			return nil
		}
		return fmt.Errorf("%T %s is there (%v)", o, name, err) //nolint:errorlint // err may be nil
	})
}

func TestManagedStoresGoWhenTheUserBringsOnes(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.realm()
	w.ready(2)
	w.create(
		&corev1.Secret{ObjectMeta: metav1.ObjectMeta{Name: "db"}, StringData: map[string]string{"uri": "postgres://a:b@db/x"}},
		&corev1.Secret{ObjectMeta: metav1.ObjectMeta{Name: "redis"}, StringData: map[string]string{"uri": "redis://cache"}},
	)
	w.edit(func(s *v1alpha1.AuthRealmSpec) {
		s.Database = &v1alpha1.Database{URLSecretRef: &v1alpha1.SecretKeyRef{Name: "db"}}
		s.Cache = &v1alpha1.Cache{URLSecretRef: &v1alpha1.SecretKeyRef{Name: "redis"}}
	})
	for _, o := range []client.Object{&appsv1.StatefulSet{}, &corev1.Service{}, &corev1.Secret{}} {
		w.wantGone(o, "staff-database")
	}
	for _, o := range []client.Object{&appsv1.Deployment{}, &corev1.Service{}, &corev1.Secret{}} {
		w.wantGone(o, "staff-cache")
	}
	w.await(v1alpha1.AvailableCondition, metav1.ConditionFalse, v1alpha1.ReasonRolling)
	w.runDeployment("staff", 2)
	w.await(v1alpha1.ReadyCondition, metav1.ConditionTrue, v1alpha1.ReasonReady)
}

func TestDeletionPolicyDecidesWhoOwnsWhatDataNeeds(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.realm()
	needed := []string{"staff-encryption-keys", "staff-initial-admin"}
	w.awaitRetention(appsv1.RetainPersistentVolumeClaimRetentionPolicyType, needed, false)

	for _, step := range []struct {
		policy    v1alpha1.DeletionPolicy
		retention appsv1.PersistentVolumeClaimRetentionPolicyType
		owned     bool
	}{
		{v1alpha1.DeleteData, appsv1.DeletePersistentVolumeClaimRetentionPolicyType, true},
		{v1alpha1.RetainData, appsv1.RetainPersistentVolumeClaimRetentionPolicyType, false},
	} {
		w.edit(func(s *v1alpha1.AuthRealmSpec) {
			s.Database = &v1alpha1.Database{Managed: &v1alpha1.ManagedDatabase{DeletionPolicy: step.policy}}
		})
		w.awaitRetention(step.retention, needed, step.owned)
	}
}

func (w *world) awaitRetention(want appsv1.PersistentVolumeClaimRetentionPolicyType, secrets []string, owned bool) {
	w.t.Helper()
	eventually.Succeeds(w.t, func(ctx context.Context) error {
		var set appsv1.StatefulSet
		if err := w.Get(ctx, types.NamespacedName{Namespace: w.namespace, Name: "staff-database"}, &set); err != nil {
			return err
		}
		if got := set.Spec.PersistentVolumeClaimRetentionPolicy.WhenDeleted; got != want {
			return fmt.Errorf("the volume is for %s, want %s", got, want)
		}
		for _, name := range secrets {
			s := &corev1.Secret{}
			w.get(s, name)
			if metav1.IsControlledBy(s, w.read()) != owned {
				return fmt.Errorf("secret %s: owners are %v, want it owned: %t", name, s.OwnerReferences, owned)
			}
		}
		return nil
	})
}

func TestRealmOfTheSameNameTakesUpWhatWasRetained(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.realm()
	w.ready(2)
	before := w.secrets("staff-encryption-keys", "staff-initial-admin")

	if err := w.Delete(t.Context(), w.read()); err != nil {
		t.Fatal(err)
	}
	w.realm()
	eventually.Succeeds(t, w.collectGarbage)
	w.await(v1alpha1.ResourcesAppliedCondition, metav1.ConditionTrue, v1alpha1.ReasonApplied)
	for name, data := range w.secrets("staff-encryption-keys", "staff-initial-admin") {
		if !equality.Semantic.DeepEqual(data, before[name]) {
			t.Errorf("Secret %s was made anew", name)
		}
	}
}

// collectGarbage plays the garbage collector: what an earlier realm controlled
// goes. It returns an error until everything is there and the realm's own.
func (w *world) collectGarbage(ctx context.Context) error {
	realm := w.read()
	for child, o := range everyChild() {
		key := types.NamespacedName{Namespace: w.namespace, Name: nameIn(child)}
		if err := w.Get(ctx, key, o); err != nil {
			return fmt.Errorf("get %s: %w", child, err)
		}
		controller := metav1.GetControllerOf(o)
		if controller == nil || controller.UID == realm.UID {
			continue
		}
		return fmt.Errorf("%s is of an earlier realm (delete it: %v)", child, w.Delete(ctx, o)) //nolint:errorlint // err may be nil
	}
	return nil
}

func (w *world) secrets(names ...string) map[string]map[string][]byte {
	w.t.Helper()
	out := map[string]map[string][]byte{}
	for _, name := range names {
		s := &corev1.Secret{}
		w.get(s, name)
		out[name] = s.Data
	}
	return out
}

func TestRestartedOperatorKeepsWhatWasGenerated(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.realm()
	w.ready(2)
	w.rest()
	before := w.versions()
	w.stop()
	asked := w.pods.timesAsked()
	w.startOperator()
	eventually.Succeeds(t, func(context.Context) error {
		if w.pods.timesAsked() < asked+2 {
			return fmt.Errorf("no pass was made yet")
		}
		return nil
	})
	w.rest()
	if after := w.versions(); !maps.Equal(before, after) {
		t.Errorf("resource versions moved:\nbefore %v\nafter  %v", before, after)
	}
}

func TestUnreadableKeysAreReportedAndNeverReplaced(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.realm()
	w.ready(2)
	s := &corev1.Secret{}
	w.get(s, "staff-signing-keys")
	good := string(s.Data["keyset-v2.json"])

	w.put(s, "keyset-v2.json", "{}")
	w.await(v1alpha1.SigningKeysReadyCondition, metav1.ConditionFalse, v1alpha1.ReasonInvalidSecret, "restore it")
	w.await(v1alpha1.AvailableCondition, metav1.ConditionTrue, v1alpha1.ReasonAvailable) // which goes on
	w.put(s, "keyset-v2.json", good)
	w.await(v1alpha1.SigningKeysReadyCondition, metav1.ConditionTrue, v1alpha1.ReasonSigning)
}

func TestPodThatLagsIsNamedAndNudged(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.realm()
	w.ready(2)

	w.pods.freeze("staff-1", "")
	w.edit(func(s *v1alpha1.AuthRealmSpec) { s.Passwords = &v1alpha1.Passwords{BcryptCost: ptr[int32](10)} })
	w.await(v1alpha1.ConfigPropagatedCondition, metav1.ConditionFalse, v1alpha1.ReasonPropagating,
		"1 of 2 pods", "pod staff-1 still runs revision 0123456789ab")
	w.wantReadyBefore()
	eventually.Succeeds(t, func(context.Context) error {
		pod := &corev1.Pod{}
		w.get(pod, "staff-1")
		if pod.Annotations["auth.realmkeeper.io/revision"] == "" {
			return fmt.Errorf("the pod has not been nudged")
		}
		return nil
	})
	w.pods.freeze("staff-1", "config/config.json: is not complete")
	w.await(v1alpha1.ConfigPropagatedCondition, metav1.ConditionFalse, v1alpha1.ReasonRefused,
		"Pod staff-1", "config/config.json: is not complete")

	w.pods.refresh()
	w.await(v1alpha1.ReadyCondition, metav1.ConditionTrue, v1alpha1.ReasonReady)
}

func TestRealmOfNoPods(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.realm(func(s *v1alpha1.AuthRealmSpec) { s.Replicas = ptr[int32](0) })
	w.run(0)
	w.await(v1alpha1.AvailableCondition, metav1.ConditionFalse, v1alpha1.ReasonScaledToZero)
	w.await(v1alpha1.ConfigPropagatedCondition, metav1.ConditionTrue, v1alpha1.ReasonScaledToZero)
	w.await(v1alpha1.ReadyCondition, metav1.ConditionFalse, v1alpha1.ReasonScaledToZero)
}

// A pass holds what it has read of a Secret for a while. When somebody deletes
// the Secret meanwhile, to have a new one made, the pass must not bring it back:
// this is what it relies on.
func TestSecretThatWasDeletedCannotBeAppliedAsItWas(t *testing.T) {
	t.Parallel()
	k8s := plane.Client(t)
	s := &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Namespace: plane.Namespace(t), Name: "read"}}
	if err := k8s.Create(t.Context(), s); err != nil {
		t.Fatal(err)
	}
	asRead := corev1ac.Secret(s.Name, s.Namespace).WithUID(s.UID).WithResourceVersion(s.ResourceVersion)
	if err := k8s.Delete(t.Context(), s); err != nil {
		t.Fatal(err)
	}
	if err := k8s.Apply(t.Context(), asRead, client.FieldOwner("test"), client.ForceOwnership); !apierrors.IsConflict(err) {
		t.Errorf("it is applied: %v", err)
	}
}
