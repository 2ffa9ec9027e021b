// SPDX-License-Identifier: Apache-2.0

package controllers_test

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	eventsv1 "k8s.io/api/events/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/realmkeeper/realmkeeper/api/v1alpha1"
	"github.com/realmkeeper/realmkeeper/authserver/realmconfig"
	"github.com/realmkeeper/realmkeeper/internal/testenv/eventually"
)

// What time has to pass for, with the settings of a realm that says nothing.
const (
	untilNewPodsKnow  = 6 * time.Second
	untilVerifersKnow = 5 * time.Minute
	untilTokensExpire = time.Hour + 2*time.Minute
)

func TestARotationFromItsBeginToItsEnd(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.realm()
	w.ready(2)
	first := w.signingKey()

	w.hold("staff-1")
	w.rotateKeys()
	w.awaitKeys("Active", "Pending")
	second := w.keys()[1].KID
	w.later(untilNewPodsKnow)
	w.await(v1alpha1.SigningKeysReadyCondition, metav1.ConditionTrue, v1alpha1.ReasonSigning,
		first+" signs with ES256", second+" (ES256) signs next, and waits for pod staff-1, which does not have it yet")
	w.later(10 * untilVerifersKnow)
	w.stays("Active", "Pending")

	w.pods.refresh()
	w.later(time.Second)
	w.await(v1alpha1.SigningKeysReadyCondition, metav1.ConditionTrue, v1alpha1.ReasonSigning, "once no verifier has an older copy")
	w.stop()
	w.startOperator() // which knows nothing but what was written down
	w.later(untilVerifersKnow - 2*time.Second)
	w.stays("Active", "Pending")
	if got := w.signingKey(); got != first {
		t.Fatalf("%s signs before every verifier can know it", got)
	}

	w.later(2 * time.Second)
	w.awaitKeys("Active", "Retiring")
	if keys := w.keys(); keys[0].KID != second || keys[1].KID != first {
		t.Fatalf("keys are %+v", keys)
	}
	w.later(untilNewPodsKnow)
	w.awaitKey(1, "has an end", func(k v1alpha1.SigningKeyStatus) bool { return k.MovesOn != nil })
	w.await(v1alpha1.ReadyCondition, metav1.ConditionTrue, v1alpha1.ReasonReady)
	w.rest()
	before, was := w.versions(), w.read().Status
	w.later(time.Minute)
	w.rest()
	if after := w.versions(); !maps.Equal(before, after) {
		t.Errorf("a look between two events changes something:\nbefore %v %+v\nafter  %v %+v", before, was, after, w.read().Status)
	}

	w.later(untilTokensExpire)
	w.awaitKeys("Active")
	w.awaitEvents(map[string]int{
		"SigningKeyCreated": 2, "SigningKeyActivated": 1, "SigningKeyRetired": 1, "SigningKeyRemoved": 1, "SigningKeyRevoked": 0,
	})
}

func TestAKeyIsReplacedWhenItIsOldEnough(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.realm()
	w.ready(2)
	status := w.read().Status
	due := status.SigningKeys[0].MovesOn
	if quarter := 90 * 24 * time.Hour; due == nil || due.Sub(w.clock.now()) < quarter-time.Minute || !due.Equal(status.NextKeyEvent) {
		t.Fatalf("the key is replaced at %s, and the next event is at %s", due, status.NextKeyEvent)
	}
	w.edit(func(s *v1alpha1.AuthRealmSpec) {
		s.SigningKeys = &v1alpha1.SigningKeys{RotationInterval: &metav1.Duration{}}
	})
	w.awaitKey(0, "stays for ever", func(k v1alpha1.SigningKeyStatus) bool { return k.MovesOn == nil })
	w.edit(func(s *v1alpha1.AuthRealmSpec) {
		s.SigningKeys = &v1alpha1.SigningKeys{RotationInterval: &metav1.Duration{Duration: time.Hour}}
	})
	w.awaitKey(0, "stays for an hour", func(k v1alpha1.SigningKeyStatus) bool { return k.MovesOn != nil })
	w.later(time.Hour + time.Minute)
	w.awaitKeys("Active", "Pending")
}

func TestAnotherAlgorithmIsARotation(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.realm()
	w.ready(2)
	other := w.allKeys()[1]
	for _, algorithm := range []v1alpha1.SigningAlgorithm{v1alpha1.EdDSA, v1alpha1.RS256} {
		w.edit(func(s *v1alpha1.AuthRealmSpec) { s.SigningKeys = &v1alpha1.SigningKeys{Algorithm: algorithm} })
		eventually.Succeeds(t, func(context.Context) error {
			keys := w.allKeys()
			if last := keys[len(keys)-1]; len(keys) != 3 || last.Algorithm != algorithm || last.State != v1alpha1.PendingKey {
				return fmt.Errorf("keys are %+v", keys)
			}
			return nil
		})
	}
	// Access tokens are signed with a key that pods and verifiers have known for as such,
	// though there is one of the algorithm that signs ID tokens.
	w.later(untilNewPodsKnow)
	eventually.Succeeds(t, func(context.Context) error {
		if keys := w.allKeys(); keys[len(keys)-1].MovesOn == nil {
			return fmt.Errorf("keys are %+v", keys)
		}
		return nil
	})
	w.later(untilVerifersKnow)
	eventually.Succeeds(t, func(context.Context) error {
		if key := w.allKeys()[0]; key.Algorithm != v1alpha1.RS256 || key.KID == other.KID {
			return fmt.Errorf("%+v signs access tokens", key)
		}
		return nil
	})
	w.later(untilNewPodsKnow)
	eventually.Succeeds(t, func(context.Context) error {
		for _, k := range w.allKeys() {
			if k.State == v1alpha1.RetiringKey && k.MovesOn == nil {
				return fmt.Errorf("%+v has no end", k)
			}
		}
		return nil
	})
	w.later(untilTokensExpire)
	eventually.Succeeds(t, func(context.Context) error {
		if keys := w.allKeys(); len(keys) != 1 || keys[0].Algorithm != v1alpha1.RS256 {
			return fmt.Errorf("keys are %+v", keys)
		}
		return nil
	})
}

// TestARealmOfTheReleaseBeforeKeepsItsKeys begins with a key set of one family, as the
// release before made it.
func TestARealmOfTheReleaseBeforeKeepsItsKeys(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.realm()
	w.ready(2)
	first := w.signingKey()
	w.stop()
	before := w.keyset().Earlier()
	before.Keys = slices.DeleteFunc(before.Keys, func(k realmconfig.Key) bool { return k.Algorithm != realmconfig.ES256 })
	w.putEarlierKeyset(before)
	w.startOperator()
	eventually.Succeeds(t, func(context.Context) error {
		keys := w.allKeys()
		if len(keys) != 2 || keys[0].KID != first || keys[1].Algorithm != v1alpha1.RS256 || keys[1].State != v1alpha1.PendingKey {
			return fmt.Errorf("keys are %+v", keys)
		}
		return nil
	})
	if private := w.keyset().Families[0].Keys[0].Private; private != before.Keys[0].Private {
		t.Error("the key has changed")
	}
	other := w.allKeys()[1].KID
	w.later(untilNewPodsKnow)
	w.await(v1alpha1.SigningKeysReadyCondition, metav1.ConditionTrue, v1alpha1.ReasonSigning, other, "once no verifier has an older copy")
	w.later(untilVerifersKnow)
	w.await(v1alpha1.SigningKeysReadyCondition, metav1.ConditionTrue, v1alpha1.ReasonSigning,
		"Key "+first+" signs with ES256", "key "+other+" signs ID tokens with RS256")
}

// TestARollbackLosesNoKey has an operator of the release before write what it knows.
func TestARollbackLosesNoKey(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.realm()
	w.ready(2)
	was := w.allKeys()
	w.stop()
	w.putEarlierKeyset(w.keyset().Earlier())
	w.startOperator()
	eventually.Succeeds(t, func(ctx context.Context) error {
		s := &corev1.Secret{}
		if err := w.Get(ctx, client.ObjectKey{Namespace: w.namespace, Name: "staff-signing-keys"}, s); err != nil {
			return err
		}
		if len(s.Data["keyset-v2.json"]) == 0 {
			return errors.New("the key set has not been written")
		}
		return nil
	})
	w.rest()
	if is := w.allKeys(); !reflect.DeepEqual(is, was) {
		t.Errorf("keys are %+v, want %+v", is, was)
	}
}

// keyset is the realm's key set.
func (w *world) keyset() realmconfig.Keyset {
	w.t.Helper()
	s := &corev1.Secret{}
	w.get(s, "staff-signing-keys")
	keyset, err := realmconfig.ReadKeyset(s.Data["keyset-v2.json"], s.Data["keyset.json"])
	if err != nil {
		w.t.Fatal(err)
	}
	return keyset
}

// putEarlierKeyset leaves what an operator of the release before does.
func (w *world) putEarlierKeyset(keyset realmconfig.EarlierKeyset) {
	w.t.Helper()
	document, err := realmconfig.Encode(keyset)
	if err != nil {
		w.t.Fatal(err)
	}
	s := &corev1.Secret{}
	w.get(s, "staff-signing-keys")
	s.Data = map[string][]byte{"keyset.json": document}
	if err := w.Update(w.t.Context(), s); err != nil {
		w.t.Fatal(err)
	}
}

func TestARevokedKeyIsGoneAtOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.realm()
	w.ready(2)
	leaked := w.signingKey()
	w.edit(func(s *v1alpha1.AuthRealmSpec) { s.SigningKeys = &v1alpha1.SigningKeys{Revoked: []string{leaked}} })
	w.awaitKey(0, "is another one", func(k v1alpha1.SigningKeyStatus) bool { return k.KID != leaked })
	w.awaitKeys("Active")
	w.wantNoKey(leaked)
	w.awaitEvents(map[string]int{"SigningKeyRevoked": 1, "SigningKeyCreated": 2, "SigningKeyRemoved": 0})
	w.awaitNote("SigningKeyRevoked", leaked, "the 2 pods that answer had signed 42 tokens with it")

	// A key that is published already needs no other in its place.
	w.rotateKeys()
	w.awaitKeys("Active", "Pending")
	leaked, next := w.keys()[0].KID, w.keys()[1].KID
	w.edit(func(s *v1alpha1.AuthRealmSpec) { s.SigningKeys.Revoked = append(s.SigningKeys.Revoked, leaked) })
	w.awaitKey(0, "is the one that was to come", func(k v1alpha1.SigningKeyStatus) bool { return k.KID == next })
	w.wantNoKey(leaked)
}

func TestAKeyIsRevokedInARealmThatIsBlocked(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.realm()
	w.ready(2)
	leaked := w.signingKey()
	s := &corev1.Secret{}
	w.get(s, "staff-encryption-keys")
	w.put(s, "keys.json", "{}")
	w.await(v1alpha1.ResourcesAppliedCondition, metav1.ConditionFalse, v1alpha1.ReasonInvalidSecret)
	w.edit(func(s *v1alpha1.AuthRealmSpec) { s.SigningKeys = &v1alpha1.SigningKeys{Revoked: []string{leaked}} })
	w.awaitKey(0, "is another one", func(k v1alpha1.SigningKeyStatus) bool { return k.KID != leaked })
	w.wantNoKey(leaked)
}

func TestAPodThatHangsIsWaitedForUntilItIsGone(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.realm()
	w.ready(2)
	pod := w.hangingPod("staff-hangs")
	w.rotateKeys()
	w.awaitKeys("Active", "Pending")
	w.later(time.Hour)
	w.await(v1alpha1.SigningKeysReadyCondition, metav1.ConditionTrue, v1alpha1.ReasonSigning,
		"waits for pod staff-hangs, which does not answer")

	// It has been told to stop; whether it still serves, nobody knows before its time has come.
	if err := w.Delete(t.Context(), pod, client.GracePeriodSeconds(7200)); err != nil {
		t.Fatal(err)
	}
	w.later(time.Second)
	w.stays("Active", "Pending")
	w.await(v1alpha1.SigningKeysReadyCondition, metav1.ConditionTrue, v1alpha1.ReasonSigning, "waits for pod staff-hangs")
	w.later(2 * time.Hour)
	w.finishRotation()
}

// hangingPod is a pod that runs and does not answer.
func (w *world) hangingPod(name string) *corev1.Pod {
	w.t.Helper()
	pod := serverPod(name)
	pod.Spec.NodeName = "a-node"
	w.pods.hang(name)
	w.create(pod)
	pod.Status.ContainerStatuses = []corev1.ContainerStatus{{
		Name: "serve", Image: "realmkeeper:test", ImageID: "x",
		State: corev1.ContainerState{Running: &corev1.ContainerStateRunning{}},
	}}
	if err := w.Status().Update(w.t.Context(), pod); err != nil {
		w.t.Fatal(err)
	}
	return pod
}

// keys are the realm's signing keys of access tokens, as its status has them.
func (w *world) keys() []v1alpha1.SigningKeyStatus {
	w.t.Helper()
	return slices.DeleteFunc(w.allKeys(), func(k v1alpha1.SigningKeyStatus) bool { return k.Algorithm == v1alpha1.RS256 })
}

// allKeys are the realm's signing keys, those with which it signs ID tokens among them.
func (w *world) allKeys() []v1alpha1.SigningKeyStatus {
	w.t.Helper()
	return w.read().Status.SigningKeys
}

func (w *world) signingKey() string {
	w.t.Helper()
	keys := w.keys()
	if len(keys) == 0 || keys[0].State != v1alpha1.ActiveKey {
		w.t.Fatalf("keys are %+v, want one that signs", keys)
	}
	return keys[0].KID
}

// rotateKeys asks for a rotation.
func (w *world) rotateKeys() {
	w.t.Helper()
	w.clock.advance(2 * time.Second)
	now := metav1.NewTime(w.clock.now())
	w.edit(func(s *v1alpha1.AuthRealmSpec) {
		if s.SigningKeys == nil {
			s.SigningKeys = &v1alpha1.SigningKeys{}
		}
		s.SigningKeys.RotateAfter = &now
	})
}

// finishRotation lets time pass until the pending key signs and the earlier ones
// are gone.
func (w *world) finishRotation() {
	w.t.Helper()
	w.later(untilNewPodsKnow)
	w.awaitKey(1, "has been acknowledged", func(k v1alpha1.SigningKeyStatus) bool { return k.MovesOn != nil })
	w.later(untilVerifersKnow)
	w.awaitKeys("Active", "Retiring")
	w.later(untilNewPodsKnow)
	w.awaitKey(1, "has an end", func(k v1alpha1.SigningKeyStatus) bool { return k.MovesOn != nil })
	w.later(untilTokensExpire)
	w.awaitKeys("Active")
}

// later moves the clock and gives the operator a reason to look at it.
func (w *world) later(d time.Duration) {
	w.t.Helper()
	w.clock.advance(d)
	looked := &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Name: realmName + "-database", Namespace: w.namespace}}
	eventually.Succeeds(w.t, func(ctx context.Context) error {
		err := w.Get(ctx, client.ObjectKeyFromObject(looked), looked)
		looked.Data = map[string]string{"at": w.clock.now().String()}
		if err != nil {
			return w.Create(ctx, looked)
		}
		return w.Update(ctx, looked)
	})
}

// awaitKeys waits until the realm's keys are in these states.
func (w *world) awaitKeys(states ...string) {
	w.t.Helper()
	eventually.Succeeds(w.t, func(context.Context) error {
		if got := statesOf(w.keys()); !slices.Equal(got, states) {
			return fmt.Errorf("keys are %v, want %v; conditions are\n%s", got, states, conditions(w.read().Status.Conditions))
		}
		return nil
	})
}

// stays checks that the operator, once it has had its look, leaves the keys in
// these states.
func (w *world) stays(states ...string) {
	w.t.Helper()
	w.settle()
	if got := statesOf(w.keys()); !slices.Equal(got, states) {
		w.t.Fatalf("keys are %v, want %v still", got, states)
	}
}

func statesOf(keys []v1alpha1.SigningKeyStatus) []string {
	var states []string
	for _, k := range keys {
		states = append(states, string(k.State))
	}
	return states
}

func (w *world) awaitKey(i int, what string, holds func(v1alpha1.SigningKeyStatus) bool) {
	w.t.Helper()
	eventually.Succeeds(w.t, func(context.Context) error {
		if keys := w.keys(); len(keys) <= i || !holds(keys[i]) {
			return fmt.Errorf("want that key %d %s; keys are %+v", i, what, keys)
		}
		return nil
	})
}

// wantNoKey checks that a key is nowhere any more.
func (w *world) wantNoKey(kid string) {
	w.t.Helper()
	s := &corev1.Secret{}
	w.get(s, "staff-signing-keys")
	for name, document := range s.Data {
		if strings.Contains(string(document), kid) {
			w.t.Errorf("key %s is in %s", kid, name)
		}
	}
}

// awaitEvents waits until each reason was told so many times.
func (w *world) awaitEvents(want map[string]int) {
	w.t.Helper()
	eventually.Succeeds(w.t, func(ctx context.Context) error {
		count := map[string]int{}
		for _, e := range w.events(ctx) {
			count[e.Reason]++
		}
		for reason, n := range want {
			if count[reason] != n {
				return fmt.Errorf("events are %v, want %v", count, want)
			}
		}
		return nil
	})
}

// awaitNote waits for an event that says something.
func (w *world) awaitNote(reason string, words ...string) {
	w.t.Helper()
	eventually.Succeeds(w.t, func(ctx context.Context) error {
		for _, e := range w.events(ctx) {
			lacks := func(word string) bool { return !strings.Contains(e.Note, word) }
			if e.Reason == reason && !slices.ContainsFunc(words, lacks) {
				return nil
			}
		}
		return fmt.Errorf("no event %s says %q", reason, words)
	})
}

func (w *world) events(ctx context.Context) []eventsv1.Event {
	w.t.Helper()
	var list eventsv1.EventList
	if err := w.List(ctx, &list, client.InNamespace(w.namespace)); err != nil {
		w.t.Fatal(err)
	}
	return list.Items
}
