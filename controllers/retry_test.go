// SPDX-License-Identifier: Apache-2.0

package controllers_test

import (
	"context"
	"fmt"
	"sync/atomic"
	"testing"
	"time"

	admissionv1 "k8s.io/api/admission/v1"
	admissionregistrationv1 "k8s.io/api/admissionregistration/v1"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	policyv1 "k8s.io/api/policy/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/realmkeeper/realmkeeper/api/v1alpha1"
	"github.com/realmkeeper/realmkeeper/internal/testenv/eventually"
)

func aDeployment() client.Object {
	pod := corev1.PodTemplateSpec{
		ObjectMeta: metav1.ObjectMeta{Labels: map[string]string{"a": "b"}},
		Spec:       corev1.PodSpec{Containers: []corev1.Container{{Name: "c", Image: "i"}}},
	}
	return &appsv1.Deployment{
		ObjectMeta: metav1.ObjectMeta{Name: "try"},
		Spec:       appsv1.DeploymentSpec{Selector: &metav1.LabelSelector{MatchLabels: pod.Labels}, Template: pod},
	}
}

func TestARefusalBesideAnotherObstacleIsQuotedAndTriedAgain(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.create(&policyv1.PodDisruptionBudget{ObjectMeta: metav1.ObjectMeta{Name: "staff"}})
	w.realm()
	w.run(2)
	w.await(v1alpha1.ConfigPropagatedCondition, metav1.ConditionTrue, v1alpha1.ReasonPropagated)
	w.await(v1alpha1.ResourcesAppliedCondition, metav1.ConditionFalse, v1alpha1.ReasonNameTaken)
	lift := w.policy([]string{"deployments"}, admissionregistrationv1.Validation{Expression: "false", Message: "the weekend is for reading"})
	w.awaitRefusal(aDeployment)
	w.edit(func(s *v1alpha1.AuthRealmSpec) { s.Image = "realmkeeper:another" })
	w.await(v1alpha1.ResourcesAppliedCondition, metav1.ConditionFalse, v1alpha1.ReasonApplyFailed,
		"the weekend is for reading", `PodDisruptionBudget "staff"`)
	w.wantStill()

	lift() // and nobody touches the realm
	w.awaitImage("realmkeeper:another")
	w.await(v1alpha1.ResourcesAppliedCondition, metav1.ConditionFalse, v1alpha1.ReasonNameTaken)
}

// readOnlyOwn lets the operator read no Secrets but the realm's own, and returns how
// to let it read all of them again.
func (w *world) readOnlyOwn() (restore func()) {
	w.t.Helper()
	role := &rbacv1.Role{}
	w.get(role, "operator")
	before := role.DeepCopy().Rules
	var own []string
	for child, o := range everyChild() {
		if _, secret := o.(*corev1.Secret); secret {
			own = append(own, nameIn(child))
		}
	}
	w.permit(func(rules []rbacv1.PolicyRule) []rbacv1.PolicyRule {
		return append(without("get", "secrets")(rules), rbacv1.PolicyRule{
			APIGroups: []string{""}, Resources: []string{"secrets"}, Verbs: []string{"get"}, ResourceNames: own,
		})
	})
	return func() { w.permit(func([]rbacv1.PolicyRule) []rbacv1.PolicyRule { return before }) }
}

// awaitUnreadable waits until the operator may not read a Secret.
func (w *world) awaitUnreadable(name string) {
	w.t.Helper()
	operator, err := client.New(w.plane.ServiceAccount("realmkeeper-system", "realmkeeper-operator"), client.Options{Scheme: w.plane.Scheme()})
	if err != nil {
		w.t.Fatal(err)
	}
	eventually.Succeeds(w.t, func(ctx context.Context) error {
		if err := operator.Get(ctx, client.ObjectKey{Namespace: w.namespace, Name: name}, &corev1.Secret{}); err == nil {
			return fmt.Errorf("Secret %s can still be read", name)
		}
		return nil
	})
}

func TestAClientSecretThatCouldNotBeReadIsReadAgain(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.realm()
	w.ready(2)
	stored := w.clientSecret("google", "hunter2")
	w.provider("google")
	w.awaitProvider("google", v1alpha1.ReadyCondition, metav1.ConditionTrue, v1alpha1.ReasonReady)
	restore := w.readOnlyOwn()
	w.awaitUnreadable("google")
	w.put(stored, "clientSecret", "hunter3")
	w.awaitProvider("google", v1alpha1.SecretFoundCondition, metav1.ConditionUnknown, v1alpha1.ReasonFailed)
	w.settle()
	w.awaitProviders(map[string]string{"google": "hunter2"})

	restore() // and nobody touches the Secret
	w.awaitProviders(map[string]string{"google": "hunter3"})
	w.awaitProvider("google", v1alpha1.ReadyCondition, metav1.ConditionTrue, v1alpha1.ReasonReady)
}

func TestNoProviderIsDroppedWhileNoSecretCanBeRead(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.realm()
	w.ready(2)
	w.clientSecret("google", "hunter2")
	w.provider("google")
	w.awaitProvider("google", v1alpha1.ReadyCondition, metav1.ConditionTrue, v1alpha1.ReasonReady)
	role := &rbacv1.Role{}
	w.get(role, "operator")
	before := role.DeepCopy().Rules
	w.permit(without("get", "secrets"))
	w.permit(without("list", "secrets"))
	w.awaitUnreadable("google")
	w.edit(func(s *v1alpha1.AuthRealmSpec) { s.Passwords = &v1alpha1.Passwords{BcryptCost: ptr[int32](10)} })
	w.await(v1alpha1.ResourcesAppliedCondition, metav1.ConditionFalse, v1alpha1.ReasonFailed, `cannot get resource "secrets"`)
	w.settle()
	w.awaitProviders(map[string]string{"google": "hunter2"})
	if cost := w.settings().Passwords.BcryptCost; cost == 10 {
		t.Error("the settings were written without knowing the providers")
	}

	w.permit(func([]rbacv1.PolicyRule) []rbacv1.PolicyRule { return before })
	w.await(v1alpha1.ReadyCondition, metav1.ConditionTrue, v1alpha1.ReasonReady)
	w.awaitProviders(map[string]string{"google": "hunter2"})
	if cost := w.settings().Passwords.BcryptCost; cost != 10 {
		t.Errorf("the settings have cost %d", cost)
	}
}

func TestNoLogoIsDroppedWhileNoConfigMapCanBeRead(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	brand := &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Name: "brand"}, Data: map[string]string{"logo.svg": `<svg xmlns="http://www.w3.org/2000/svg"/>`}}
	w.create(brand)
	w.realm(func(s *v1alpha1.AuthRealmSpec) {
		s.UI = &v1alpha1.UI{Logo: &v1alpha1.Logo{ConfigMapRef: v1alpha1.ConfigMapKeyRef{Name: "brand", Key: "logo.svg"}}}
	})
	w.ready(2)
	role := &rbacv1.Role{}
	w.get(role, "operator")
	before := role.DeepCopy().Rules
	w.permit(without("get", "configmaps"))
	w.edit(func(s *v1alpha1.AuthRealmSpec) { s.Passwords = &v1alpha1.Passwords{BcryptCost: ptr[int32](10)} })
	w.await(v1alpha1.ResourcesAppliedCondition, metav1.ConditionFalse, v1alpha1.ReasonFailed, `cannot get resource "configmaps"`)
	w.settle()
	if w.settings().UI.Logo == nil {
		t.Error("the logo was dropped")
	}
	w.permit(func([]rbacv1.PolicyRule) []rbacv1.PolicyRule { return before })
	w.await(v1alpha1.ReadyCondition, metav1.ConditionTrue, v1alpha1.ReasonReady)
	if got := w.settings(); got.UI.Logo == nil || got.Passwords.BcryptCost != 10 {
		t.Errorf("the settings are %+v", got)
	}
}

func TestRefusedSettingsAreTriedAboutOnceAMinute(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.realm()
	w.ready(2)
	w.rest()
	var tries, latest atomic.Int64
	w.review([]string{"configmaps"}, 10, func(context.Context, *admissionv1.AdmissionRequest) admissionv1.AdmissionResponse {
		latest.Store(time.Now().UnixNano())
		tries.Add(1)
		return admissionv1.AdmissionResponse{Result: &metav1.Status{Message: "the weekend is for reading"}}
	})
	w.awaitRefusal(aConfigMap)
	w.edit(func(s *v1alpha1.AuthRealmSpec) { s.Passwords = &v1alpha1.Passwords{BcryptCost: ptr[int32](10)} })
	w.await(v1alpha1.ResourcesAppliedCondition, metav1.ConditionFalse, v1alpha1.ReasonApplyFailed, "the weekend is for reading")
	w.settle()
	before, since := tries.Load(), latest.Load()
	eventually.Holds(t, "another try", func() bool { return tries.Load() > before })
	if gap := time.Duration(latest.Load() - since); gap < 20*time.Second {
		t.Errorf("settings that were refused were tried again after %s", gap)
	}
}
