// SPDX-License-Identifier: Apache-2.0

package controllers_test

import (
	"context"
	"fmt"
	"slices"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/realmkeeper/realmkeeper/api/v1alpha1"
	"github.com/realmkeeper/realmkeeper/authserver/realmconfig"
	"github.com/realmkeeper/realmkeeper/internal/testenv/eventually"
)

// keyOf is the newest key of an algorithm, nil for none.
func (w *world) keyOf(algorithm v1alpha1.SigningAlgorithm) *v1alpha1.SigningKeyStatus {
	w.t.Helper()
	keys := w.allKeys()
	slices.Reverse(keys)
	i := slices.IndexFunc(keys, func(k v1alpha1.SigningKeyStatus) bool { return k.Algorithm == algorithm })
	if i < 0 {
		return nil
	}
	return &keys[i]
}

func (w *world) awaitKeyOf(algorithm v1alpha1.SigningAlgorithm, what string, holds func(*v1alpha1.SigningKeyStatus) bool) {
	w.t.Helper()
	eventually.Succeeds(w.t, func(context.Context) error {
		if k := w.keyOf(algorithm); !holds(k) {
			return fmt.Errorf("want that the key of %s %s; it is %+v", algorithm, what, k)
		}
		return nil
	})
}

// beginKey lets the first key of an algorithm come until it signs.
func (w *world) beginKey(algorithm v1alpha1.SigningAlgorithm) {
	w.t.Helper()
	w.awaitKeyOf(algorithm, "is made", func(k *v1alpha1.SigningKeyStatus) bool { return k != nil })
	w.later(untilNewPodsKnow)
	w.awaitKeyOf(algorithm, "is known", func(k *v1alpha1.SigningKeyStatus) bool { return k.MovesOn != nil })
	w.later(untilVerifersKnow)
	w.awaitKeyOf(algorithm, "signs", func(k *v1alpha1.SigningKeyStatus) bool { return k.State == v1alpha1.ActiveKey })
}

func (w *world) awaitSigning(id string, algorithm realmconfig.Algorithm) {
	w.t.Helper()
	eventually.Succeeds(w.t, func(context.Context) error {
		if told := w.document(id); told.IDTokenSigningAlg != algorithm {
			return fmt.Errorf("pods are told to sign with %q", told.IDTokenSigningAlg)
		}
		return nil
	})
}

// A client that changes its algorithm goes on with the one before until every verifier can
// know the new key, and then keys of the one before go on until no pod has the client as it
// was.
func TestAnotherAlgorithmOfAClientIsNoOutage(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.realm()
	w.ready(2)
	id := w.namespace + ".page"
	w.oauthClient(w.namespace, "page", func(s *v1alpha1.OAuthClientSpec) { s.Type = v1alpha1.PublicClient })
	w.awaitSigning(id, realmconfig.RS256)
	w.startPods()
	w.awaitClient(w.namespace, "page", v1alpha1.ReadyCondition, metav1.ConditionTrue, v1alpha1.ReasonReady)

	w.editClient("page", func(s *v1alpha1.OAuthClientSpec) { s.IDTokenSigningAlg = v1alpha1.EdDSA })
	w.awaitClient(w.namespace, "page", v1alpha1.AttachedCondition, metav1.ConditionFalse, v1alpha1.ReasonSigningKeyPending, "signed with RS256 until then")
	w.awaitSigning(id, realmconfig.RS256)
	w.beginKey(v1alpha1.EdDSA)
	w.awaitSigning(id, realmconfig.EdDSA)
	w.startPods()
	w.awaitClient(w.namespace, "page", v1alpha1.ReadyCondition, metav1.ConditionTrue, v1alpha1.ReasonReady)

	// Back to one that signs already, of which one pod does not hear.
	w.rest()
	w.hold(podName(1))
	w.editClient("page", func(s *v1alpha1.OAuthClientSpec) { s.IDTokenSigningAlg = "" })
	w.awaitSigning(id, realmconfig.RS256)
	w.awaitKeyOf(v1alpha1.EdDSA, "waits for a pod's clients", func(k *v1alpha1.SigningKeyStatus) bool {
		return k.State == v1alpha1.ActiveKey && k.WaitsFor == "pod "+podName(1)+", which has clients that use it"
	})
	w.pods.refresh()
	w.awaitKeyOf(v1alpha1.EdDSA, "is stopped", func(k *v1alpha1.SigningKeyStatus) bool { return k.State == v1alpha1.RetiringKey })
}
