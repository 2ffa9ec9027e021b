// SPDX-License-Identifier: Apache-2.0

package controllers_test

import (
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/realmkeeper/realmkeeper/api/v1alpha1"
)

// longerThanARollout is when pods have had the time that they may take.
const longerThanARollout = 4 * time.Minute

// watchReady sees every status of the realm. What it returns ends that, and is each that was
// not Ready.
func (w *world) watchReady() (unready func() []string) {
	w.t.Helper()
	k8s, err := client.NewWithWatch(w.plane.Admin(), client.Options{Scheme: w.plane.Scheme()})
	if err != nil {
		w.t.Fatal(err)
	}
	changes, err := k8s.Watch(w.t.Context(), &v1alpha1.AuthRealmList{}, client.InNamespace(w.namespace))
	if err != nil {
		w.t.Fatal(err)
	}
	found := make(chan []string)
	go func() {
		var all []string
		for change := range changes.ResultChan() {
			if realm, ok := change.Object.(*v1alpha1.AuthRealm); ok && !meta.IsStatusConditionTrue(realm.Status.Conditions, v1alpha1.ReadyCondition) {
				all = append(all, conditions(realm.Status.Conditions))
			}
		}
		found <- all
	}()
	return func() []string {
		changes.Stop()
		return <-found
	}
}

// wantReadyBefore checks that Ready is True, about the generation before the spec's.
func (w *world) wantReadyBefore() {
	w.t.Helper()
	realm := w.read()
	ready := meta.FindStatusCondition(realm.Status.Conditions, v1alpha1.ReadyCondition)
	if ready.Status != metav1.ConditionTrue || ready.ObservedGeneration != realm.Generation-1 || realm.Status.ObservedGeneration != realm.Generation-1 {
		w.t.Errorf("Ready is %s about generation %d, in a status about %d, of %d", ready.Status, ready.ObservedGeneration, realm.Status.ObservedGeneration, realm.Generation)
	}
}

// Whoever waits for the newest spec compares generations, as kubectl wait does.
func TestSettingsThatPodsTakeUpLeaveTheRealmReady(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.realm()
	w.ready(2)
	w.rest()
	unready := w.watchReady()
	w.pods.freeze("staff-1", "")
	w.edit(func(s *v1alpha1.AuthRealmSpec) { s.Passwords = &v1alpha1.Passwords{BcryptCost: ptr[int32](10)} })
	w.await(v1alpha1.ConfigPropagatedCondition, metav1.ConditionFalse, v1alpha1.ReasonPropagating, "pod staff-1 still runs")
	w.wantReadyBefore()
	w.pods.refresh()
	w.await(v1alpha1.ReadyCondition, metav1.ConditionTrue, v1alpha1.ReasonReady, "as its spec says")
	w.awaitObserved()

	w.edit(func(s *v1alpha1.AuthRealmSpec) { s.Image = "realmkeeper:another" })
	w.awaitImage("realmkeeper:another")
	w.await(v1alpha1.AvailableCondition, metav1.ConditionFalse, v1alpha1.ReasonRolling)
	w.wantReadyBefore()
	w.runDeployment("staff", 2)
	w.await(v1alpha1.ReadyCondition, metav1.ConditionTrue, v1alpha1.ReasonReady)
	if seen := unready(); len(seen) > 0 {
		t.Errorf("the realm was not Ready meanwhile:\n%s", seen[0])
	}
	w.awaitEvents(map[string]int{"NotReady": 0})
}

func TestSettingsThatPodsDoNotTakeUpMakeTheRealmUnready(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.realm()
	w.ready(2)
	w.rest()
	w.pods.freeze("staff-1", "")
	w.edit(func(s *v1alpha1.AuthRealmSpec) { s.Passwords = &v1alpha1.Passwords{BcryptCost: ptr[int32](10)} })
	w.await(v1alpha1.ConfigPropagatedCondition, metav1.ConditionFalse, v1alpha1.ReasonPropagating)
	w.wantReadyBefore()
	w.clock.advance(longerThanARollout)
	w.await(v1alpha1.ReadyCondition, metav1.ConditionFalse, v1alpha1.ReasonPropagating, "pod staff-1 still runs")
}

func TestARealmOfWhichNoPodServesIsNotReady(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.realm()
	w.ready(2)
	w.runAvailable(0)
	w.await(v1alpha1.ReadyCondition, metav1.ConditionFalse, v1alpha1.ReasonRolling, "0 of 2 pods")
}
