// SPDX-License-Identifier: Apache-2.0

package controllers_test

import (
	"context"
	"fmt"
	"slices"
	"testing"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/watch"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/realmkeeper/realmkeeper/api/v1alpha1"
	"github.com/realmkeeper/realmkeeper/internal/testenv/eventually"
)

// Whoever deletes a realm while it is being made leaves nothing behind but what is kept with
// its data.
func TestWhatAnOperatorMakesHasItsOwnerFromItsBirth(t *testing.T) {
	t.Parallel()
	for policy, kept := range map[v1alpha1.DeletionPolicy][]string{
		v1alpha1.DeleteData: nil,
		v1alpha1.RetainData: {"staff-encryption-keys", "staff-initial-admin"},
	} {
		t.Run(string(policy), func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			births := w.births(&corev1.SecretList{})
			w.realm(func(s *v1alpha1.AuthRealmSpec) {
				s.Database = &v1alpha1.Database{Managed: &v1alpha1.ManagedDatabase{DeletionPolicy: policy}}
			})
			born := []string{
				"staff-signing-keys", "staff-encryption-keys", "staff-initial-admin", "staff-ca", "staff-tls",
				"staff-stores-authority", "staff-database", "staff-cache", "staff-provider-credentials",
			}
			for _, name := range born {
				o := births(name)
				if owned := metav1.IsControlledBy(o, w.read()); owned == slices.Contains(kept, name) {
					t.Errorf("the owners of %s are %v", name, o.GetOwnerReferences())
				}
			}
		})
	}
}

// births returns what tells how an object of the namespace was at first. It waits for one
// that is to be made yet.
func (w *world) births(of client.ObjectList) func(name string) client.Object {
	w.t.Helper()
	k8s, err := client.NewWithWatch(w.plane.Admin(), client.Options{Scheme: w.Scheme()})
	if err != nil {
		w.t.Fatal(err)
	}
	seen, err := k8s.Watch(w.t.Context(), of, client.InNamespace(w.namespace))
	if err != nil {
		w.t.Fatal(err)
	}
	w.t.Cleanup(seen.Stop)
	first := map[string]client.Object{}
	return func(name string) client.Object {
		w.t.Helper()
		for first[name] == nil {
			select {
			case e := <-seen.ResultChan():
				if o, ok := e.Object.(client.Object); ok && e.Type == watch.Added {
					first[o.GetName()] = o
				}
			case <-time.After(eventually.Patience):
				w.t.Fatalf("there was no %s", name)
			}
		}
		return first[name]
	}
}

func TestSecretsBornWithAnOwnerAreLetGoWithTheirData(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.realm(func(s *v1alpha1.AuthRealmSpec) {
		s.Database = &v1alpha1.Database{Managed: &v1alpha1.ManagedDatabase{DeletionPolicy: v1alpha1.DeleteData}}
	})
	needed := []string{"staff-encryption-keys", "staff-initial-admin"}
	w.awaitRetention(appsv1.DeletePersistentVolumeClaimRetentionPolicyType, needed, true)
	w.edit(func(s *v1alpha1.AuthRealmSpec) { s.Database = nil })
	w.awaitRetention(appsv1.RetainPersistentVolumeClaimRetentionPolicyType, needed, false)
}

// A realm makes nothing without saying whose it is.
func TestEveryObjectOfARealmHasAnOwnerOrIsKeptOnPurpose(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.realm()
	w.ready(2)
	kept := []string{"Secret staff-encryption-keys", "Secret staff-initial-admin"}
	eventually.Succeeds(t, func(ctx context.Context) error {
		for child, o := range everyChild() {
			if err := w.Get(ctx, client.ObjectKey{Namespace: w.namespace, Name: nameIn(child)}, o); err != nil {
				return err
			}
			if owned := metav1.IsControlledBy(o, w.read()); owned == slices.Contains(kept, child) {
				return fmt.Errorf("the owners of %s are %v", child, o.GetOwnerReferences())
			}
		}
		return nil
	})
}
