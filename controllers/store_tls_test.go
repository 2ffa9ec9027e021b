// SPDX-License-Identifier: Apache-2.0

package controllers_test

import (
	"bytes"
	"context"
	"crypto/x509"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/realmkeeper/realmkeeper/api/v1alpha1"
	"github.com/realmkeeper/realmkeeper/internal/testenv/eventually"
)

// managedStores are the Secrets of the stores that the operator runs.
func managedStores() []string { return []string{"staff-database", "staff-cache"} }

// data is the content of a Secret.
func (w *world) data(name string) map[string][]byte {
	w.t.Helper()
	s := &corev1.Secret{}
	w.get(s, name)
	return s.Data
}

// wantTLS waits until a store's Secret tells pods of the release that spoke no TLS, and
// the store, to speak plainly or not.
func (w *world) wantTLS(plainly bool) {
	w.t.Helper()
	eventually.Succeeds(w.t, func(context.Context) error {
		database, cache, service := w.data("staff-database"), w.data("staff-cache"), &corev1.Service{}
		w.get(service, "staff-cache")
		for what, is := range map[string]bool{
			"pods of earlier releases come to the database": strings.HasSuffix(string(database["uri"]), "sslmode=disable"),
			"the database takes them":                       strings.Contains(string(database["roles.sql"]), "\nhost all"),
			"pods of earlier releases come to the cache":    strings.HasPrefix(string(cache["uri"]), "redis://"),
			"the cache takes them":                          strings.Contains(string(cache["redis.conf"]), "\nport 6379\n"),
			"the cache's Service leads there":               len(service.Spec.Ports) == 2,
		} {
			if is != plainly {
				return fmt.Errorf("in the clear, %s: %t, want %t", what, is, plainly)
			}
		}
		if !strings.HasSuffix(string(database["tlsURI"]), "sslmode=verify-full") || !strings.HasPrefix(string(cache["tlsURI"]), "rediss://") {
			return fmt.Errorf("pods come to the stores without TLS")
		}
		return nil
	})
}

// verifyStores checks that pods which trust what a Secret says accept what it has the
// store show, for the name by which they come.
func (w *world) verifyStores() {
	w.t.Helper()
	for _, name := range managedStores() {
		roots := x509.NewCertPool()
		roots.AppendCertsFromPEM(w.data(name)["ca.crt"])
		for _, host := range []string{name, name + "." + w.namespace + ".svc"} {
			if _, err := w.certificate(name).Verify(x509.VerifyOptions{DNSName: host, Roots: roots, CurrentTime: w.clock.now()}); err != nil {
				w.t.Errorf("pods refuse %s: %v", host, err)
			}
		}
	}
}

func TestStoresOfANewRealmSpeakTLSAlone(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.realm()
	w.ready(2)
	w.wantTLS(false)
	w.verifyStores()
	authority, own := w.certificate("staff-stores-authority"), w.certificate("staff-ca")
	for _, name := range managedStores() {
		if err := w.certificate(name).CheckSignatureFrom(authority); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if w.certificate(name).CheckSignatureFrom(own) == nil {
			t.Errorf("the authority that clients of the realm trust has issued the certificate of %s", name)
		}
	}
}

// What a release left that spoke no TLS: its Secrets hold logins and URLs alone.
func TestStoresTakeConnectionsInTheClearUntilNoPodNeedsThem(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.realm()
	w.ready(2)
	w.stop()
	set := &appsv1.StatefulSet{}
	w.get(set, "staff-database")
	w.hold("staff-0")
	for name, plainly := range map[string]*strings.Replacer{
		"staff-database": strings.NewReplacer("verify-full", "disable"),
		"staff-cache":    strings.NewReplacer("rediss://", "redis://", ":6380", ":6379"),
	} {
		s := &corev1.Secret{}
		w.get(s, name)
		maps.DeleteFunc(s.Data, func(key string, _ []byte) bool {
			return slices.Contains([]string{"tlsURI", "tls.crt", "tls.key", "ca.crt"}, key)
		})
		s.Data["uri"] = []byte(plainly.Replace(string(s.Data["uri"])))
		if err := w.Update(t.Context(), s); err != nil {
			t.Fatal(err)
		}
	}
	authority := &corev1.Secret{}
	w.get(authority, "staff-stores-authority")
	if err := w.Delete(t.Context(), authority); err != nil {
		t.Fatal(err)
	}

	w.startOperator()
	w.wantTLS(true)
	w.await(v1alpha1.ConfigPropagatedCondition, metav1.ConditionFalse, v1alpha1.ReasonPropagating, "pod staff-0 still uses earlier credentials")
	w.await(v1alpha1.DatabaseReadyCondition, metav1.ConditionTrue, v1alpha1.ReasonReady, "also in the clear until every pod speaks TLS")
	w.await(v1alpha1.CacheReadyCondition, metav1.ConditionTrue, v1alpha1.ReasonReady, "also in the clear until every pod speaks TLS")
	w.verifyStores()

	// However long it takes; an operator that starts half way goes on from there.
	w.clock.advance(time.Hour)
	w.stop()
	w.startOperator()
	w.pass()
	w.settle()
	w.wantTLS(true)

	// A pod that was told to end and has not gone counts as well.
	ending := w.hangingPod("staff-old")
	w.pods.refresh()
	if err := w.Delete(t.Context(), ending, client.GracePeriodSeconds(3*3600)); err != nil {
		t.Fatal(err)
	}
	w.pass()
	w.await(v1alpha1.ConfigPropagatedCondition, metav1.ConditionTrue, v1alpha1.ReasonPropagated)
	w.settle()
	w.wantTLS(true)
	w.clock.advance(3 * time.Hour)
	w.pass()
	w.wantTLS(false)
	w.wantEvent("StoreEncrypted", "which takes no other connections any more")
	w.await(v1alpha1.ReadyCondition, metav1.ConditionTrue, v1alpha1.ReasonReady)
	generation := set.Generation
	if w.get(set, "staff-database"); set.Generation != generation {
		t.Error("the database was restarted")
	}
}

func TestCertificatesOfStoresAreRenewedWithoutARestart(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.realm()
	w.ready(2)
	before := w.storeGenerations()
	for _, later := range []time.Duration{61 * 24 * time.Hour, 7 * 365 * 24 * time.Hour} {
		shown := map[string]*x509.Certificate{}
		for _, name := range managedStores() {
			shown[name] = w.certificate(name)
		}
		authority := w.certificate("staff-stores-authority")
		w.clock.advance(later)
		w.pass()
		eventually.Succeeds(t, func(context.Context) error {
			for name, earlier := range shown {
				if w.certificate(name).Equal(earlier) {
					return fmt.Errorf("%s still shows the earlier certificate", name)
				}
			}
			return nil
		})
		w.await(v1alpha1.ReadyCondition, metav1.ConditionTrue, v1alpha1.ReasonReady)
		w.verifyStores()
		if renewed, due := !w.certificate("staff-stores-authority").Equal(authority), later > 365*24*time.Hour; renewed != due {
			t.Errorf("after %s the authority was renewed: %t, want %t", later, renewed, due)
		}
		if data := w.data("staff-database"); !bytes.Contains(data["roles.sql"], data["tls.key"]) {
			t.Error("the database is not told of its certificate")
		}
	}
	if after := w.storeGenerations(); after != before {
		t.Error("a store was restarted")
	}
}

// storeGenerations tells whether the workloads of the stores were changed.
func (w *world) storeGenerations() int64 {
	w.t.Helper()
	database, cache := &appsv1.StatefulSet{}, &appsv1.Deployment{}
	w.get(database, "staff-database")
	w.get(cache, "staff-cache")
	return database.Generation + cache.Generation
}

func TestLostAuthorityOfStoresIsReplacedInSteps(t *testing.T) {
	t.Parallel()
	for name, lose := range map[string]func(*world) *corev1.Secret{
		"deleted": func(w *world) *corev1.Secret { return w.lose("staff-stores-authority") },
		"unreadable": func(w *world) *corev1.Secret {
			s := &corev1.Secret{}
			w.get(s, "staff-stores-authority")
			before := s.DeepCopy()
			w.put(s, "tls.key", "nonsense")
			return before
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.realm()
			w.ready(2)
			before := w.storeGenerations()
			shown := w.certificate("staff-database")
			w.hold("staff-0")
			lost := lose(w)

			w.awaitNote("SecretRemade", "certificate authority of the managed stores")
			w.await(v1alpha1.ConfigPropagatedCondition, metav1.ConditionFalse, v1alpha1.ReasonPropagating, "pod staff-0 still uses earlier credentials")
			w.settle()
			if !w.certificate("staff-database").Equal(shown) {
				t.Error("the database shows another certificate before every pod trusts its authority")
			}
			both := w.data("staff-database")["ca.crt"]
			if !bytes.Contains(both, w.data("staff-stores-authority")["tls.crt"]) || !bytes.Contains(both, lost.Data["tls.crt"]) {
				t.Error("pods do not trust both authorities")
			}

			w.pods.refresh()
			w.pass()
			eventually.Succeeds(t, func(context.Context) error {
				for _, store := range managedStores() {
					if err := w.certificate(store).CheckSignatureFrom(w.certificate("staff-stores-authority")); err != nil {
						return fmt.Errorf("%s: %w", store, err)
					}
				}
				return nil
			})
			w.verifyStores()
			w.await(v1alpha1.ReadyCondition, metav1.ConditionTrue, v1alpha1.ReasonReady)
			if !bytes.Contains(w.data("staff-cache")["ca.crt"], lost.Data["tls.crt"]) {
				t.Error("pods stop to trust the earlier authority before the store can have taken up the new one's certificate")
			}
			w.clock.advance(61 * time.Minute)
			w.pass()
			eventually.Succeeds(t, func(context.Context) error {
				for _, store := range managedStores() {
					if !bytes.Equal(w.data(store)["ca.crt"], w.data("staff-stores-authority")["ca.crt"]) {
						return fmt.Errorf("%s: pods trust more than the authority of today", store)
					}
				}
				return nil
			})
			w.await(v1alpha1.ReadyCondition, metav1.ConditionTrue, v1alpha1.ReasonReady)
			if after := w.storeGenerations(); after != before {
				t.Error("a store was restarted")
			}
		})
	}
}

// Pods go on by the logins that they have read, which nobody else knows any more.
func TestLostLoginsOfStoresEndWhenEveryPodHasTheNewOnes(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.realm()
	w.ready(2)
	w.clock.advance(time.Minute)
	w.hold("staff-0")
	for _, name := range managedStores() {
		w.lose(name)
	}
	for _, name := range managedStores() {
		w.awaitObject(&corev1.Secret{}, name)
	}
	w.awaitNote("SecretRemade", "was lost, and it gets a new one")
	w.await(v1alpha1.ConfigPropagatedCondition, metav1.ConditionFalse, v1alpha1.ReasonPropagating, "pod staff-0 still uses earlier credentials")
	if user := string(w.data("staff-database")["username"]); user != "realmkeeper_c" {
		t.Errorf("pods log in as %s, which an earlier password may be for", user)
	}
	if sql := string(w.data("staff-database")["roles.sql"]); strings.Contains(sql, "NOLOGIN") {
		t.Error("a login ends while a pod has it")
	}
	w.verifyStores()
	w.wantTLS(false)

	w.clock.advance(time.Hour)
	w.pods.refresh()
	w.pass()
	eventually.Succeeds(t, func(context.Context) error {
		if sql := string(w.data("staff-database")["roles.sql"]); !strings.Contains(sql, "ALTER ROLE realmkeeper NOLOGIN") {
			return fmt.Errorf("the lost login is still valid")
		}
		return nil
	})
	w.await(v1alpha1.ReadyCondition, metav1.ConditionTrue, v1alpha1.ReasonReady)
	w.rotateNow()
	w.awaitLogins("realmkeeper_a", 2)
}

// A webhook may let everything be written and have something else stored: written all the
// same, there would be another certificate with every pass, and each pass would wake the next.
func TestACertificateOfAStoreIsWrittenOnlyAsItWillBeStored(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.realm()
	w.ready(2)
	w.rest()
	before := w.certificate("staff-database")
	lift := w.keepStored("staff-database", "tls.crt")
	w.clock.advance(61 * 24 * time.Hour)
	w.again()
	w.await(v1alpha1.ResourcesAppliedCondition, metav1.ConditionFalse, v1alpha1.ReasonApplyFailed,
		`Secret "staff-database" is not written, since something else would be stored in its key "tls.crt"`)
	w.settle()
	w.verifyStores()
	lift()
	w.later(2 * time.Minute)
	w.again()
	w.await(v1alpha1.ResourcesAppliedCondition, metav1.ConditionTrue, v1alpha1.ReasonApplied)
	if w.certificate("staff-database").Equal(before) {
		t.Error("the certificate is still the one before")
	}
}
