// SPDX-License-Identifier: Apache-2.0

package controllers_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/realmkeeper/realmkeeper/api/v1alpha1"
	"github.com/realmkeeper/realmkeeper/internal/testenv/eventually"
)

// wired asks for everything that takes kinds which a cluster may lack.
func wired(s *v1alpha1.AuthRealmSpec) {
	s.TLS = &v1alpha1.TLS{CertManager: &v1alpha1.CertManager{IssuerRef: v1alpha1.IssuerRef{Name: "ca"}}}
	s.Exposure = &v1alpha1.Exposure{Gateway: &v1alpha1.GatewayExposure{ParentRefs: []v1alpha1.GatewayRef{{Name: "public"}}}}
	s.Monitoring = &v1alpha1.Monitoring{
		PodMonitor:     &v1alpha1.PodMonitor{Interval: &metav1.Duration{Duration: 1500 * time.Millisecond}},
		PrometheusRule: &v1alpha1.PrometheusRule{}, Dashboard: &v1alpha1.Dashboard{},
	}
}

// everyCustom is one empty object of each kind that wired asks for.
func everyCustom() map[string]*unstructured.Unstructured {
	all := map[string]*unstructured.Unstructured{}
	for _, kind := range []schema.GroupVersionKind{
		{Group: "cert-manager.io", Version: "v1", Kind: "Certificate"},
		{Group: "gateway.networking.k8s.io", Version: "v1", Kind: "HTTPRoute"},
		{Group: "gateway.networking.k8s.io", Version: "v1", Kind: "BackendTLSPolicy"},
		{Group: "monitoring.coreos.com", Version: "v1", Kind: "PodMonitor"},
		{Group: "monitoring.coreos.com", Version: "v1", Kind: "PrometheusRule"},
	} {
		o := &unstructured.Unstructured{}
		o.SetGroupVersionKind(kind)
		all[kind.Kind] = o
	}
	return all
}

func (w *world) awaitLacking() {
	w.t.Helper()
	w.await(v1alpha1.CertificateReadyCondition, metav1.ConditionFalse, v1alpha1.ReasonKindNotInstalled, "install cert-manager")
	w.await(v1alpha1.ExposedCondition, metav1.ConditionFalse, v1alpha1.ReasonKindNotInstalled, "install the Gateway API")
	w.await(v1alpha1.MonitoredCondition, metav1.ConditionFalse, v1alpha1.ReasonKindNotInstalled, "install the Prometheus operator")
	w.await(v1alpha1.ResourcesAppliedCondition, metav1.ConditionTrue, v1alpha1.ReasonApplied)
}

func TestRealmThatAsksForNothingMore(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.realm()
	w.await(v1alpha1.ExposedCondition, metav1.ConditionTrue, v1alpha1.ReasonNotRequested)
	w.await(v1alpha1.MonitoredCondition, metav1.ConditionTrue, v1alpha1.ReasonNotRequested)
}

// Kinds belong to the whole control plane: this test has one of its own.
func TestKindsComeAndGoWhileTheOperatorRuns(t *testing.T) {
	t.Parallel()
	own := controlPlane(t)
	w, confined := newWorldOn(t, own, true), newWorldOn(t, own, false)
	w.realm(wired)
	w.awaitLacking()

	confined.stop() // or both would look at the same realms
	w.install()
	for name := range everyCustom() {
		w.awaitObject(everyCustom()[name], "staff")
	}
	w.issueCertificate()
	w.acceptRoute()
	w.await(v1alpha1.MonitoredCondition, metav1.ConditionTrue, v1alpha1.ReasonMonitored)
	w.ready(2)
	w.repairsEverything()
	w.removesEverything()

	w.edit(wired)
	w.awaitObject(everyCustom()["Certificate"], "staff")
	w.putCertificate()
	w.await(v1alpha1.CertificateReadyCondition, metav1.ConditionTrue, v1alpha1.ReasonProvided)
	w.uninstall()
	w.await(v1alpha1.ExposedCondition, metav1.ConditionFalse, v1alpha1.ReasonKindNotInstalled)
	w.await(v1alpha1.MonitoredCondition, metav1.ConditionFalse, v1alpha1.ReasonKindNotInstalled)
	w.await(v1alpha1.CertificateReadyCondition, metav1.ConditionTrue, v1alpha1.ReasonProvided) // what was issued serves on
	w.settle()
	quiet := w.log.String()
	for range 3 {
		w.again()
	}
	if more := strings.TrimPrefix(w.log.String(), quiet); strings.Contains(more, "could not find") {
		t.Errorf("the operator complains of kinds that are gone:\n%s", more)
	}

	w.stop()
	confined.startOperator()
	confined.realm(wired)
	confined.awaitLacking()
	w.install()
	eventually.Succeeds(t, func(ctx context.Context) error {
		confined.clock.advance(2 * time.Minute) // nobody tells it: it asks again
		confined.again()
		return confined.hasEveryCustom(ctx)
	})
}

func (w *world) hasEveryCustom(ctx context.Context) error {
	for _, o := range everyCustom() {
		if err := w.Get(ctx, client.ObjectKey{Namespace: w.namespace, Name: "staff"}, o); err != nil {
			return err
		}
	}
	return nil
}

// again has the operator look at the realm once more.
func (w *world) again() {
	w.t.Helper()
	asked := w.pods.timesAsked()
	w.create(&corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Name: "staff-cache"}})
	if err := w.Delete(w.t.Context(), &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Namespace: w.namespace, Name: "staff-cache"}}); err != nil {
		w.t.Fatal(err)
	}
	if asked == 0 {
		return // there are no pods to ask
	}
	eventually.Succeeds(w.t, func(context.Context) error {
		if w.pods.timesAsked() == asked {
			return fmt.Errorf("no further pass was made")
		}
		return nil
	})
}

// install brings the kinds, as their projects publish them.
func (w *world) install() {
	w.t.Helper()
	for _, d := range w.plane.Definitions(w.t) {
		eventually.Succeeds(w.t, func(ctx context.Context) error { return w.Create(ctx, d.DeepCopy()) })
	}
}

func (w *world) uninstall() {
	w.t.Helper()
	for name, d := range w.plane.Definitions(w.t) {
		if err := w.Delete(w.t.Context(), d); err != nil {
			w.t.Fatal(err)
		}
		eventually.Succeeds(w.t, func(ctx context.Context) error {
			if err := w.Get(ctx, client.ObjectKeyFromObject(d), d.DeepCopy()); !apierrors.IsNotFound(err) {
				return fmt.Errorf("%s is still there (%v)", name, err) //nolint:errorlint // err may be nil
			}
			return nil
		})
	}
}

// issueCertificate plays cert-manager, which first cannot and then does.
func (w *world) issueCertificate() {
	w.t.Helper()
	w.await(v1alpha1.CertificateReadyCondition, metav1.ConditionFalse, v1alpha1.ReasonIssuing, "staff-tls-cert-manager")
	w.say("Certificate", map[string]any{"conditions": []any{verdict("Ready", "False", `Issuer "ca" does not exist`)}})
	w.await(v1alpha1.CertificateReadyCondition, metav1.ConditionFalse, v1alpha1.ReasonIssuing, `cert-manager: Issuer "ca" does not exist`)

	w.putCertificate()
	w.say("Certificate", map[string]any{"conditions": []any{verdict("Ready", "True", "Certificate is up to date")}})
	w.await(v1alpha1.CertificateReadyCondition, metav1.ConditionTrue, v1alpha1.ReasonProvided)
	w.awaitObject(&corev1.ConfigMap{}, "staff-ca")
}

// putCertificate writes the Secret that the order asks for.
func (w *world) putCertificate() {
	w.t.Helper()
	certificate, key := selfSigned(w.t, "login.example.com", w.clock.now())
	order := everyCustom()["Certificate"]
	w.get(order, "staff")
	name, _, _ := unstructured.NestedString(order.Object, "spec", "secretName")
	labels, _, _ := unstructured.NestedStringMap(order.Object, "spec", "secretTemplate", "labels")
	w.create(&corev1.Secret{
		ObjectMeta: metav1.ObjectMeta{Name: name, Labels: labels},
		Data:       map[string][]byte{"tls.crt": certificate, "tls.key": key, "ca.crt": certificate},
	})
}

// acceptRoute plays a Gateway's controller, which first cannot find the Service.
func (w *world) acceptRoute() {
	w.t.Helper()
	w.await(v1alpha1.ExposedCondition, metav1.ConditionFalse, v1alpha1.ReasonNotAccepted, `Gateway "public": no controller has taken the route up`)
	parents := func(resolved, message string) map[string]any {
		return map[string]any{"parents": []any{map[string]any{
			"parentRef":      map[string]any{"name": "public"},
			"controllerName": "example.com/gateway",
			"conditions":     []any{verdict("Accepted", "True", ""), verdict("ResolvedRefs", resolved, message)},
		}}}
	}
	w.say("HTTPRoute", parents("False", "Service staff has no endpoints"))
	w.await(v1alpha1.ExposedCondition, metav1.ConditionFalse, v1alpha1.ReasonNotAccepted,
		`Gateway "public": ResolvedRefs of the HTTPRoute is False: Service staff has no endpoints`)
	w.say("HTTPRoute", parents("True", ""))
	w.await(v1alpha1.ExposedCondition, metav1.ConditionTrue, v1alpha1.ReasonExposed, "login.example.com")
}

func verdict(kind, status, message string) map[string]any {
	return map[string]any{
		"type": kind, "status": status, "reason": "Test", "message": message,
		"lastTransitionTime": "2026-03-01T12:00:00Z", "observedGeneration": int64(1),
	}
}

// say writes the status of an object as its controller would.
func (w *world) say(kind string, status map[string]any) {
	w.t.Helper()
	eventually.Succeeds(w.t, func(ctx context.Context) error {
		o := everyCustom()[kind]
		w.get(o, "staff")
		o.Object["status"] = status
		return w.Status().Update(ctx, o)
	})
}

// repairsEverything edits and deletes each object, and waits for it to be as it was.
func (w *world) repairsEverything() {
	w.t.Helper()
	for kind, o := range everyCustom() {
		w.get(o, "staff")
		labels := o.GetLabels()
		o.SetLabels(map[string]string{"app.kubernetes.io/name": "mine"})
		if err := w.Update(w.t.Context(), o); err != nil {
			w.t.Fatal(err)
		}
		eventually.Succeeds(w.t, func(context.Context) error {
			w.get(o, "staff")
			if o.GetLabels()["app.kubernetes.io/name"] != labels["app.kubernetes.io/name"] {
				return fmt.Errorf("%s has the labels %v", kind, o.GetLabels())
			}
			return nil
		})
		uid := o.GetUID()
		if err := w.Delete(w.t.Context(), o); err != nil {
			w.t.Fatal(err)
		}
		eventually.Succeeds(w.t, func(ctx context.Context) error {
			again := everyCustom()[kind]
			if err := w.Get(ctx, client.ObjectKeyFromObject(o), again); err != nil {
				return err
			}
			if again.GetUID() == uid {
				return fmt.Errorf("%s is still there", kind)
			}
			return nil
		})
	}
}

// removesEverything asks for nothing any more.
func (w *world) removesEverything() {
	w.t.Helper()
	w.edit(func(s *v1alpha1.AuthRealmSpec) { s.TLS, s.Exposure, s.Monitoring = nil, nil, nil })
	for _, o := range everyCustom() {
		w.wantGone(o, "staff")
	}
	w.wantGone(&corev1.ConfigMap{}, "staff-dashboard")
	w.wantGone(&corev1.Secret{}, "staff-tls-cert-manager")
	w.await(v1alpha1.CertificateReadyCondition, metav1.ConditionTrue, v1alpha1.ReasonIssued)
	w.await(v1alpha1.ExposedCondition, metav1.ConditionTrue, v1alpha1.ReasonNotRequested)
}
