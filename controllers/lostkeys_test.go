// SPDX-License-Identifier: Apache-2.0

package controllers_test

import (
	"context"
	"fmt"
	"regexp"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/realmkeeper/realmkeeper/api/v1alpha1"
	"github.com/realmkeeper/realmkeeper/internal/testenv/eventually"
)

// lose deletes a Secret and returns it as it was.
func (w *world) lose(name string) *corev1.Secret {
	w.t.Helper()
	s := &corev1.Secret{}
	w.get(s, name)
	if err := w.Delete(w.t.Context(), s); err != nil {
		w.t.Fatal(err)
	}
	return s
}

// restore brings a Secret back as a backup has it.
func (w *world) restore(s *corev1.Secret) {
	w.t.Helper()
	w.create(&corev1.Secret{
		ObjectMeta: metav1.ObjectMeta{Name: s.Name, Labels: s.Labels}, Type: s.Type, Data: s.Data,
	})
}

// giveUp does what a condition says, in its own words.
func (w *world) giveUp(condition string) {
	w.t.Helper()
	c := meta.FindStatusCondition(w.read().Status.Conditions, condition)
	command := regexp.MustCompile(`kubectl -n (\S+) annotate authrealm (\S+) --overwrite (\S+)=(\S+)$`).FindStringSubmatch(c.Message)
	if command == nil || command[1] != w.namespace || command[2] != realmName {
		w.t.Fatalf("no command is in %q", c.Message)
	}
	eventually.Succeeds(w.t, func(ctx context.Context) error {
		realm := w.read()
		if realm.Annotations == nil {
			realm.Annotations = map[string]string{}
		}
		realm.Annotations[command[3]] = command[4]
		return w.Update(ctx, realm)
	})
}

func TestLostEncryptionKeysAreNotReplacedUnasked(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.realm()
	w.ready(2)
	const name = "staff-encryption-keys"
	keys := w.lose(name)
	w.await(v1alpha1.ResourcesAppliedCondition, metav1.ConditionFalse, v1alpha1.ReasonKeysLost, name, "every second factor", "Restore it from a backup")
	w.await(v1alpha1.AvailableCondition, metav1.ConditionTrue, v1alpha1.ReasonAvailable)
	w.awaitRevoked(w.revoke())
	w.wantGone(&corev1.Secret{}, name)
	w.awaitRenewal()

	w.restore(keys)
	w.await(v1alpha1.ReadyCondition, metav1.ConditionTrue, v1alpha1.ReasonReady)
	if got := w.secrets(name)[name]["keys.json"]; string(got) != string(keys.Data["keys.json"]) {
		t.Error("the keys are not those that were restored")
	}

	w.lose(name)
	w.await(v1alpha1.ResourcesAppliedCondition, metav1.ConditionFalse, v1alpha1.ReasonKeysLost)
	w.giveUp(v1alpha1.ResourcesAppliedCondition)
	w.awaitObject(&corev1.Secret{}, name)
	w.await(v1alpha1.ReadyCondition, metav1.ConditionTrue, v1alpha1.ReasonReady)
	w.awaitNote("SecretRemade", "New encryption keys", "second factor")
	if got := w.secrets(name)[name]["keys.json"]; string(got) == string(keys.Data["keys.json"]) {
		t.Error("the keys are the lost ones")
	}

	w.lose(name) // the annotation still stands, and is about the first loss
	w.await(v1alpha1.ResourcesAppliedCondition, metav1.ConditionFalse, v1alpha1.ReasonKeysLost)
	w.settle()
	w.wantGone(&corev1.Secret{}, name)
}

// An operator that starts may not have heard yet what another one has said: what was given up
// was lost before.
func TestWhatWasGivenUpBeforeIsNotGivenUpAgain(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.realm()
	w.ready(2)
	const name = "staff-encryption-keys"
	first := w.read().Status.EncryptionKeys
	w.lose(name)
	w.await(v1alpha1.ResourcesAppliedCondition, metav1.ConditionFalse, v1alpha1.ReasonKeysLost)
	w.giveUp(v1alpha1.ResourcesAppliedCondition)
	w.awaitObject(&corev1.Secret{}, name)
	w.await(v1alpha1.ReadyCondition, metav1.ConditionTrue, v1alpha1.ReasonReady)
	w.stop()
	w.lose(name)
	w.heard = func(o any) (any, error) {
		if realm, ok := o.(*v1alpha1.AuthRealm); ok {
			realm.Status.EncryptionKeys = first
		}
		return o, nil
	}
	asked := w.pods.timesAsked()
	w.startOperator()
	eventually.Succeeds(t, func(context.Context) error {
		if w.pods.timesAsked() < asked+2 {
			return fmt.Errorf("no pass was made yet")
		}
		return nil
	})
	w.settle()
	if err := w.Get(t.Context(), client.ObjectKey{Namespace: w.namespace, Name: name}, &corev1.Secret{}); !apierrors.IsNotFound(err) {
		t.Errorf("there are keys that nobody asked for: %v", err)
	}
}

// awaitRenewal waits until a certificate takes the place of one that is old.
func (w *world) awaitRenewal() {
	w.t.Helper()
	first := w.certificate("staff-tls")
	w.later(61 * 24 * time.Hour)
	eventually.Succeeds(w.t, func(context.Context) error {
		if w.certificate("staff-tls").Equal(first) {
			return fmt.Errorf("the certificate is still the first")
		}
		return nil
	})
}

func TestAVolumeWithoutItsEncryptionKeysIsNotTakenUpUnasked(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.create(&corev1.PersistentVolumeClaim{
		ObjectMeta: metav1.ObjectMeta{Name: "data-staff-database-0"},
		Spec: corev1.PersistentVolumeClaimSpec{
			AccessModes: []corev1.PersistentVolumeAccessMode{corev1.ReadWriteOnce},
			Resources:   corev1.VolumeResourceRequirements{Requests: corev1.ResourceList{corev1.ResourceStorage: resource.MustParse("8Gi")}},
		},
	})
	w.realm()
	w.await(v1alpha1.ResourcesAppliedCondition, metav1.ConditionFalse, v1alpha1.ReasonKeysLost)
	w.await(v1alpha1.AvailableCondition, metav1.ConditionFalse, v1alpha1.ReasonBlocked)
	w.wantGone(&corev1.Secret{}, "staff-encryption-keys")
	w.giveUp(v1alpha1.ResourcesAppliedCondition)
	w.ready(2)
}

func TestAVolumeThatIsBeingDeletedNeedsNoKeys(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	claim := &corev1.PersistentVolumeClaim{
		ObjectMeta: metav1.ObjectMeta{Name: "data-staff-database-0", Finalizers: []string{"kubernetes.io/pvc-protection"}},
		Spec: corev1.PersistentVolumeClaimSpec{
			AccessModes: []corev1.PersistentVolumeAccessMode{corev1.ReadWriteOnce},
			Resources:   corev1.VolumeResourceRequirements{Requests: corev1.ResourceList{corev1.ResourceStorage: resource.MustParse("8Gi")}},
		},
	}
	w.create(claim)
	if err := w.Delete(t.Context(), claim); err != nil {
		t.Fatal(err)
	}
	w.realm()
	w.awaitObject(&corev1.Secret{}, "staff-encryption-keys")
}

func TestUnreadableEncryptionKeysAreReplacedWhenAPersonGivesThemUp(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.realm()
	w.ready(2)
	s := &corev1.Secret{}
	w.get(s, "staff-encryption-keys")
	w.put(s, "keys.json", "{")
	w.await(v1alpha1.ResourcesAppliedCondition, metav1.ConditionFalse, v1alpha1.ReasonInvalidSecret, "restore it from a backup")
	w.awaitRevoked(w.revoke())
	w.giveUp(v1alpha1.ResourcesAppliedCondition)
	w.await(v1alpha1.ReadyCondition, metav1.ConditionTrue, v1alpha1.ReasonReady)
}

// Nothing durable is lost with these: they are made anew at once, and a person is told.
func TestWhatLosesNoDataIsMadeAnewAndTold(t *testing.T) {
	t.Parallel()
	for name, says := range map[string]string{
		"staff-signing-keys": "everybody refreshes once",
		"staff-database":     "The password of the managed PostgreSQL was lost",
		"staff-cache":        "The password of the managed Redis was lost",
		"staff-ca":           "The realm's certificate authority was lost",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.realm()
			w.ready(2)
			before := w.lose(name)
			eventually.Succeeds(t, func(ctx context.Context) error {
				s := &corev1.Secret{}
				if err := w.Get(ctx, client.ObjectKeyFromObject(before), s); err != nil {
					return err
				}
				if s.UID == before.UID {
					return fmt.Errorf("%s is still there", name)
				}
				return nil
			})
			w.awaitNote("SecretRemade", says)
			w.await(v1alpha1.ReadyCondition, metav1.ConditionTrue, v1alpha1.ReasonReady)
		})
	}
}

func TestAnInitialAdminOfWhomAKeyIsMissingIsNamed(t *testing.T) {
	t.Parallel()
	for missing, there := range map[string]string{"password": "email", "email": "password"} {
		t.Run(missing, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			admin := &corev1.Secret{
				ObjectMeta: metav1.ObjectMeta{Name: "staff-initial-admin", Labels: map[string]string{"auth.realmkeeper.io/realm": realmName}},
				Data:       map[string][]byte{there: []byte("first-admin@example.com"), "another": []byte("x")},
			}
			w.create(admin)
			w.realm()
			w.await(v1alpha1.ResourcesAppliedCondition, metav1.ConditionFalse, v1alpha1.ReasonInvalidSecret,
				`Secret "staff-initial-admin" has no key `+missing+"; add it")
			w.await(v1alpha1.AvailableCondition, metav1.ConditionFalse, v1alpha1.ReasonBlocked)
			w.put(admin, missing, "second-admin@example.com")
			w.ready(2)
		})
	}
}
