// SPDX-License-Identifier: Apache-2.0

package controllers_test

import (
	"context"
	"testing"

	admissionv1 "k8s.io/api/admission/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/realmkeeper/realmkeeper/api/v1alpha1"
	"github.com/realmkeeper/realmkeeper/controllers/internal/preflight"
	"github.com/realmkeeper/realmkeeper/internal/testenv/eventually"
)

// gate lets callers through one by one, as the test says.
type gate struct{ arrived, open chan struct{} }

func newGate() gate { return gate{make(chan struct{}), make(chan struct{})} }

func (g gate) pass(ctx context.Context) {
	for _, step := range []chan struct{}{g.arrived, g.open} {
		select {
		case step <- struct{}{}:
		case <-ctx.Done():
			return
		}
	}
}

// await waits until somebody is at the gate, who then waits for it to open.
func (g gate) await(t *testing.T) {
	t.Helper()
	eventually.Holds(t, "somebody is at the gate", func() bool {
		select {
		case <-g.arrived:
			return true
		default:
			return false
		}
	})
}

func (g gate) release() { <-g.open }

// A pass that began before the spec changed ends after Ready was taken back.
func TestALatePassOverARealmDoesNotBringReadyBack(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.realm()
	w.ready(2)
	w.rest()
	g := newGate()
	remove := w.review([]string{"configmaps"}, 30, func(ctx context.Context, q *admissionv1.AdmissionRequest) admissionv1.AdmissionResponse {
		if q.Name == aConfigMap().GetName() {
			return admissionv1.AdmissionResponse{}
		}
		g.pass(ctx)
		return admissionv1.AdmissionResponse{Allowed: true}
	})
	w.awaitRefusal(aConfigMap)
	dashboard := func(labels map[string]v1alpha1.LabelValue) func(*v1alpha1.AuthRealmSpec) {
		return func(s *v1alpha1.AuthRealmSpec) {
			s.Monitoring = &v1alpha1.Monitoring{Labels: labels, Dashboard: &v1alpha1.Dashboard{}}
		}
	}
	w.edit(dashboard(nil))
	g.await(t)
	w.edit(dashboard(map[string]v1alpha1.LabelValue{"a": "b"}))
	w.await(v1alpha1.ReadyCondition, metav1.ConditionUnknown, v1alpha1.ReasonNotObserved)
	g.release()

	g.await(t) // the pass over the newest spec has come as far
	if c := meta.FindStatusCondition(w.read().Status.Conditions, v1alpha1.ReadyCondition); c.Status == metav1.ConditionTrue {
		t.Errorf("Ready is back beside a spec that was not looked at: %s", c.Message)
	}
	remove()
	g.release()
	w.await(v1alpha1.ReadyCondition, metav1.ConditionTrue, v1alpha1.ReasonReady)
	w.awaitObserved()
}

func TestALatePassOverAProviderDoesNotBringReadyBack(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.realm()
	w.ready(2)
	secret := w.clientSecret("google", "x")
	w.provider("google")
	w.awaitProvider("google", v1alpha1.ReadyCondition, metav1.ConditionTrue, v1alpha1.ReasonReady)
	w.rest()
	g := newGate()
	w.providers.answerBy(func(ctx context.Context, q preflight.Question) (preflight.Answer, error) {
		g.pass(ctx)
		well := preflight.Finding{Status: metav1.ConditionTrue, Reason: v1alpha1.ReasonProven, Message: "Well for " + q.Provider.ClientID}
		return preflight.Answer{Discovered: well, CredentialsAccepted: well}, ctx.Err()
	})
	w.put(secret, "note", "has the provider asked")
	g.await(t)
	w.editProvider("google", func(s *v1alpha1.OAuthProviderSpec) { s.ClientID = "another" })
	w.awaitProvider("google", v1alpha1.ReadyCondition, metav1.ConditionUnknown, v1alpha1.ReasonNotObserved)
	g.release()

	g.await(t)
	if c := meta.FindStatusCondition(w.readProvider("google").Status.Conditions, v1alpha1.ReadyCondition); c.Status == metav1.ConditionTrue {
		t.Errorf("Ready is back beside a spec that was not looked at: %s", c.Message)
	}
	g.release()
	w.awaitProvider("google", v1alpha1.ReadyCondition, metav1.ConditionTrue, v1alpha1.ReasonReady)
	w.awaitProvider("google", v1alpha1.DiscoveredCondition, metav1.ConditionTrue, v1alpha1.ReasonProven, "Well for another")
}
