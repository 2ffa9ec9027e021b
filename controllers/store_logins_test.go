// SPDX-License-Identifier: Apache-2.0

package controllers_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	eventsv1 "k8s.io/api/events/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/realmkeeper/realmkeeper/api/v1alpha1"
	"github.com/realmkeeper/realmkeeper/internal/testenv/eventually"
)

// rotateNow asks for new passwords of both managed stores.
func (w *world) rotateNow() {
	w.t.Helper()
	now := metav1.NewTime(w.clock.now())
	w.edit(func(s *v1alpha1.AuthRealmSpec) {
		s.Database = &v1alpha1.Database{Managed: &v1alpha1.ManagedDatabase{RotatePasswordAfter: &now}}
		s.Cache = &v1alpha1.Cache{Managed: &v1alpha1.ManagedCache{RotatePasswordAfter: &now}}
	})
}

// awaitLogins waits until the stores' Secrets hold so many passwords each, and
// the database's is of this user.
func (w *world) awaitLogins(user string, passwords int) {
	w.t.Helper()
	eventually.Succeeds(w.t, func(context.Context) error {
		for _, name := range []string{"staff-database", "staff-cache"} {
			s := &corev1.Secret{}
			w.get(s, name)
			if _, two := s.Data["earlierPassword"]; two != (passwords == 2) {
				return fmt.Errorf("%s: two passwords: %t, want %d", name, two, passwords)
			}
			if name == "staff-database" && string(s.Data["username"]) != user {
				return fmt.Errorf("the database's user is %s, want %s", s.Data["username"], user)
			}
			if !strings.Contains(string(s.Data["uri"]), string(s.Data["username"])+":"+string(s.Data["password"])+"@") {
				return fmt.Errorf("%s: the URL is of another login", name)
			}
		}
		return nil
	})
}

// pass asks for a pass over the realm that changes nothing.
func (w *world) pass() {
	w.t.Helper()
	w.edit(func(s *v1alpha1.AuthRealmSpec) {
		if s.InitialAdmin == nil {
			s.InitialAdmin = &v1alpha1.InitialAdmin{}
		}
		s.InitialAdmin.Email = fmt.Sprintf("%d@example.com", w.clock.now().UnixNano())
	})
}

func TestManagedPasswordsChangeWhilePodsWork(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.realm()
	w.ready(2)
	for _, store := range []string{"database", "cache"} {
		w.create(&corev1.Pod{
			ObjectMeta: metav1.ObjectMeta{Name: "staff-" + store + "-0", Labels: map[string]string{
				"app.kubernetes.io/name": "realmkeeper", "app.kubernetes.io/instance": realmName, "app.kubernetes.io/component": store,
			}},
			Spec: corev1.PodSpec{Containers: []corev1.Container{{Name: "store", Image: "store:test"}}},
		})
	}
	database, cache := &appsv1.StatefulSet{}, &appsv1.Deployment{}
	w.get(database, "staff-database")
	w.get(cache, "staff-cache")
	generations := database.Generation + cache.Generation

	user := "realmkeeper"
	for _, next := range []string{"realmkeeper_a", "realmkeeper_b"} {
		w.clock.advance(time.Hour)
		w.awaitLogins(user, 1)
		w.hold("staff-1")
		w.rotateNow()
		w.awaitLogins(next, 2)
		w.await(v1alpha1.ConfigPropagatedCondition, metav1.ConditionFalse, v1alpha1.ReasonPropagating,
			"1 of 2 pods", "pod staff-1 still uses earlier credentials")
		w.awaitNudge("staff-database-0")
		w.awaitNudge("staff-cache-0")

		// However long it takes, the pod's login stays; an operator that starts
		// half way goes on from there.
		w.clock.advance(time.Hour)
		w.stop()
		w.startOperator()
		w.pass()
		w.await(v1alpha1.ConfigPropagatedCondition, metav1.ConditionFalse, v1alpha1.ReasonPropagating, "earlier credentials")
		w.awaitLogins(next, 2)

		w.pods.refresh()
		w.pass() // or in a quarter of a minute by itself
		w.awaitLogins(next, 1)
		w.await(v1alpha1.ReadyCondition, metav1.ConditionTrue, v1alpha1.ReasonReady)
		user = next
	}
	w.get(database, "staff-database")
	w.get(cache, "staff-cache")
	if generations != database.Generation+cache.Generation {
		t.Error("a store was restarted")
	}
	w.wantEvent("PasswordRotating", "gets a new password")
	w.wantEvent("PasswordRotated", "no longer valid")
}

// wantEvent waits until there is an event of a reason that says so.
func (w *world) wantEvent(reason, says string) {
	w.t.Helper()
	eventually.Succeeds(w.t, func(ctx context.Context) error {
		var list eventsv1.EventList
		if err := w.List(ctx, &list, client.InNamespace(w.namespace)); err != nil {
			return err
		}
		for _, e := range list.Items {
			if e.Reason == reason && strings.Contains(e.Note, says) {
				return nil
			}
		}
		return fmt.Errorf("no event %s says %q", reason, says)
	})
}

func TestEarlierLoginOutlastsPodsThatAreOnTheirWayOut(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.realm()
	w.ready(2)
	w.clock.advance(time.Minute)
	w.rotateNow()
	w.awaitLogins("realmkeeper_a", 2)
	w.await(v1alpha1.ReadyCondition, metav1.ConditionTrue, v1alpha1.ReasonReady)
	w.clock.advance(50 * time.Second)
	w.pass()
	w.await(v1alpha1.ReadyCondition, metav1.ConditionTrue, v1alpha1.ReasonReady)
	w.settle()
	w.awaitLogins("realmkeeper_a", 2)
	w.clock.advance(10 * time.Second)
	w.pass()
	w.awaitLogins("realmkeeper_a", 1)
}

func TestPasswordOfAManagedStoreWrittenByHand(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.realm()
	w.ready(2)
	set := &appsv1.StatefulSet{}
	w.get(set, "staff-database")
	secret := &corev1.Secret{}
	w.get(secret, "staff-database")

	w.put(secret, "password", "ANewPassword0123456789")
	w.awaitLogins("realmkeeper", 1)
	w.await(v1alpha1.ReadyCondition, metav1.ConditionTrue, v1alpha1.ReasonReady)
	w.get(secret, "staff-database")
	if !strings.Contains(string(secret.Data["roles.sql"]), "ALTER ROLE realmkeeper LOGIN PASSWORD 'ANewPassword0123456789'") {
		t.Error("the database is not told of it")
	}
	generation := set.Generation
	if w.get(set, "staff-database"); set.Generation != generation {
		t.Error("the database was restarted")
	}

	w.put(secret, "password", "it's bad")
	w.await(v1alpha1.ResourcesAppliedCondition, metav1.ConditionFalse, v1alpha1.ReasonInvalidSecret, `Secret "staff-database"`, "16 or more letters and digits")
	w.put(secret, "password", "YetAnotherPassword0123")
	w.await(v1alpha1.ReadyCondition, metav1.ConditionTrue, v1alpha1.ReasonReady)
}
