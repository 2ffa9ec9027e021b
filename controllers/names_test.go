// SPDX-License-Identifier: Apache-2.0

package controllers_test

import (
	"context"
	"fmt"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/realmkeeper/realmkeeper/api/v1alpha1"
	"github.com/realmkeeper/realmkeeper/internal/testenv/eventually"
)

// realmNamed creates a realm of another name than the usual one.
func (w *world) realmNamed(name string) {
	w.t.Helper()
	w.create(&v1alpha1.AuthRealm{
		ObjectMeta: metav1.ObjectMeta{Name: name, Namespace: w.namespace},
		Spec:       v1alpha1.AuthRealmSpec{Issuer: "https://" + name + ".example.com"},
	})
}

// awaitApplied waits until ResourcesApplied of a realm has a reason, and says words.
func (w *world) awaitApplied(name, reason string, words ...string) {
	w.t.Helper()
	eventually.Succeeds(w.t, func(context.Context) error {
		realm := &v1alpha1.AuthRealm{}
		w.get(realm, name)
		c := meta.FindStatusCondition(realm.Status.Conditions, v1alpha1.ResourcesAppliedCondition)
		if c == nil || c.Reason != reason {
			return fmt.Errorf("want %s of realm %s; conditions are\n%s", reason, name, conditions(realm.Status.Conditions))
		}
		for _, word := range words {
			if !strings.Contains(c.Message, word) {
				return fmt.Errorf("realm %s says %q, not %q", name, c.Message, word)
			}
		}
		return nil
	})
}

// What Kubernetes has in every namespace by itself is played by the test.
func TestNamesThatLookLikeTroubleAreRealmsLikeOthers(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.create(
		&corev1.ServiceAccount{ObjectMeta: metav1.ObjectMeta{Name: "default"}},
		&corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Name: "kube-root-ca.crt"}},
	)
	names := []string{
		"default", "default-realm", "kubernetes", "kube-root-ca", "realmkeeper", "postgres", "a", "a-b", "a--b", "a1", "x-0",
		"tls", "ca", "data", strings.Repeat("n", 40), "n" + strings.Repeat("-", 38) + "n",
	}
	for _, name := range names {
		w.realmNamed(name)
	}
	for _, name := range names {
		w.awaitApplied(name, v1alpha1.ReasonApplied)
	}
}

// No name of a realm's objects is another realm's, but those of the stores, which are
// called after the realm like the realm's own Service.
func TestRealmsThatAreCalledLikeTheObjectsOfAnother(t *testing.T) {
	t.Parallel()
	for name, order := range map[string][]string{
		"the realm first": {realmName, "staff-database", "staff-cache"},
		"the realm last":  {"staff-database", "staff-cache", realmName},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			for _, name := range order {
				w.realmNamed(name)
				if name == order[0] || name != realmName && order[0] != realmName {
					w.awaitApplied(name, v1alpha1.ReasonApplied)
				}
			}
			if order[0] == realmName {
				w.awaitApplied("staff-database", v1alpha1.ReasonNameTaken, `Service "staff-database" is needed and belongs to AuthRealm "staff"; name the realm differently`)
				w.awaitApplied("staff-cache", v1alpha1.ReasonNameTaken, `Deployment "staff-cache" is needed and belongs to AuthRealm "staff"; name the realm differently`)
			} else {
				w.awaitApplied(realmName, v1alpha1.ReasonNameTaken, `Service "staff-database" is needed and belongs to AuthRealm "staff-database"`,
					`Deployment "staff-cache" is needed and belongs to AuthRealm "staff-cache"`)
			}
			w.awaitApplied(order[0], v1alpha1.ReasonApplied)
		})
	}
	for _, suffix := range []string{
		"-ca", "-tls", "-tls-cert-manager", "-config-v1", "-dashboard", "-signing-keys", "-encryption-keys", "-initial-admin", "-provider-credentials", "-database-0",
	} {
		t.Run(suffix, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.realmNamed(realmName)
			w.realmNamed(realmName + suffix)
			w.awaitApplied(realmName, v1alpha1.ReasonApplied)
			w.awaitApplied(realmName+suffix, v1alpha1.ReasonApplied)
		})
	}
}

func TestTheServiceOfTheClusterIsNobodysToDelete(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.namespace = metav1.NamespaceDefault
	w.stop()
	w.grant()
	w.startOperator()
	realm := &v1alpha1.AuthRealm{
		ObjectMeta: metav1.ObjectMeta{Name: "kubernetes", Namespace: w.namespace},
		Spec:       v1alpha1.AuthRealmSpec{Issuer: "https://kubernetes.example.com"},
	}
	w.create(realm)
	w.awaitApplied("kubernetes", v1alpha1.ReasonNameTaken, `Service "kubernetes" is needed and is the cluster's own`)
}
