// SPDX-License-Identifier: Apache-2.0

package controllers_test

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	admissionv1 "k8s.io/api/admission/v1"
	admissionregistrationv1 "k8s.io/api/admissionregistration/v1"
	authorizationv1 "k8s.io/api/authorization/v1"
	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/realmkeeper/realmkeeper/api/v1alpha1"
	"github.com/realmkeeper/realmkeeper/internal/testenv/eventually"
)

// inNamespace selects the test's namespace alone.
func (w *world) inNamespace() *metav1.LabelSelector {
	return &metav1.LabelSelector{MatchLabels: map[string]string{corev1.LabelMetadataName: w.namespace}}
}

// policy refuses what the operator writes of these resources, and says why. It
// returns how to take it away.
func (w *world) policy(resources []string, validation admissionregistrationv1.Validation) (lift func()) {
	w.t.Helper()
	name := w.namespace + "-" + resources[0]
	policy := &admissionregistrationv1.ValidatingAdmissionPolicy{
		ObjectMeta: metav1.ObjectMeta{Name: name},
		Spec: admissionregistrationv1.ValidatingAdmissionPolicySpec{
			FailurePolicy: ptr(admissionregistrationv1.Fail),
			MatchConstraints: &admissionregistrationv1.MatchResources{
				NamespaceSelector: w.inNamespace(),
				ResourceRules: []admissionregistrationv1.NamedRuleWithOperations{{RuleWithOperations: admissionregistrationv1.RuleWithOperations{
					Operations: []admissionregistrationv1.OperationType{admissionregistrationv1.Create, admissionregistrationv1.Update},
					Rule: admissionregistrationv1.Rule{
						APIGroups: []string{"*"}, APIVersions: []string{"*"}, Resources: resources,
					},
				}}},
			},
			MatchConditions: []admissionregistrationv1.MatchCondition{{
				Name: "of-the-operator", Expression: "request.userInfo.username.endsWith(':realmkeeper-operator')",
			}},
			Validations: []admissionregistrationv1.Validation{validation},
		},
	}
	binding := &admissionregistrationv1.ValidatingAdmissionPolicyBinding{
		ObjectMeta: metav1.ObjectMeta{Name: name},
		Spec: admissionregistrationv1.ValidatingAdmissionPolicyBindingSpec{
			PolicyName: name, ValidationActions: []admissionregistrationv1.ValidationAction{admissionregistrationv1.Deny},
		},
	}
	return w.clusterWide(policy, binding)
}

// clusterWide creates objects that are in no namespace, for the test's time at most.
func (w *world) clusterWide(objects ...client.Object) (remove func()) {
	w.t.Helper()
	for _, o := range objects {
		if err := w.Create(w.t.Context(), o); err != nil {
			w.t.Fatal(err)
		}
	}
	remove = func() {
		for _, o := range objects {
			if err := client.IgnoreNotFound(w.Delete(context.WithoutCancel(w.t.Context()), o)); err != nil {
				w.t.Error(err)
			}
		}
	}
	w.t.Cleanup(remove)
	return remove
}

// awaitRefusal waits until the API server refuses what the operator would write.
func (w *world) awaitRefusal(try func() client.Object) {
	w.t.Helper()
	operator, err := client.New(w.plane.ServiceAccount("realmkeeper-system", "realmkeeper-operator"), client.Options{Scheme: w.plane.Scheme()})
	if err != nil {
		w.t.Fatal(err)
	}
	eventually.Succeeds(w.t, func(ctx context.Context) error {
		o := try()
		o.SetNamespace(w.namespace)
		if err := operator.Create(ctx, o, client.DryRunAll); err == nil {
			return fmt.Errorf("%T is still accepted", o)
		}
		return nil
	})
}

func aConfigMap() client.Object {
	return &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Name: "try"}}
}

func aSecret() client.Object {
	return &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Name: "try"}, Data: map[string][]byte{"password": []byte("x")}}
}

// revoke takes the signing key away, and wantRevoked waits until it is gone.
func (w *world) revoke() (kid string) {
	w.t.Helper()
	kid = w.signingKey()
	w.edit(func(s *v1alpha1.AuthRealmSpec) { s.SigningKeys = &v1alpha1.SigningKeys{Revoked: []string{kid}} })
	return kid
}

func (w *world) awaitRevoked(kid string) {
	w.t.Helper()
	w.awaitKey(0, "is another one", func(k v1alpha1.SigningKeyStatus) bool { return k.KID != kid })
	w.wantNoKey(kid)
}

// awaitObserved waits until the whole status is about the spec as it is.
func (w *world) awaitObserved() {
	w.t.Helper()
	eventually.Succeeds(w.t, func(context.Context) error {
		realm := w.read()
		if realm.Status.ObservedGeneration != realm.Generation {
			return fmt.Errorf("generation %d is observed of %d", realm.Status.ObservedGeneration, realm.Generation)
		}
		for _, c := range realm.Status.Conditions {
			if c.ObservedGeneration != realm.Generation {
				return fmt.Errorf("%s is about generation %d of %d", c.Type, c.ObservedGeneration, realm.Generation)
			}
		}
		return nil
	})
}

func TestAPolicyIsQuotedAndTriedAgain(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.realm()
	w.ready(2)
	lift := w.policy([]string{"configmaps", "deployments"}, admissionregistrationv1.Validation{
		Expression: "false", Message: "the weekend is for reading",
	})
	w.awaitRefusal(aConfigMap)

	kid := w.signingKey()
	w.edit(func(s *v1alpha1.AuthRealmSpec) {
		s.SigningKeys = &v1alpha1.SigningKeys{Revoked: []string{kid}}
		s.Passwords = &v1alpha1.Passwords{BcryptCost: ptr[int32](10)}
		s.Image = "realmkeeper:another"
	})
	w.await(v1alpha1.ResourcesAppliedCondition, metav1.ConditionFalse, v1alpha1.ReasonApplyFailed,
		`ConfigMap "staff-config-v1" could not be written`, "the weekend is for reading", `Deployment "staff" could not be written`)
	w.await(v1alpha1.ReadyCondition, metav1.ConditionFalse, v1alpha1.ReasonApplyFailed, "the weekend is for reading")
	w.await(v1alpha1.AvailableCondition, metav1.ConditionTrue, v1alpha1.ReasonAvailable) // those that run
	w.awaitRevoked(kid)
	w.awaitObserved()
	w.wantStill()

	lift() // and nobody touches the realm
	w.runDeploymentAgain("staff", 2)
	w.await(v1alpha1.ReadyCondition, metav1.ConditionTrue, v1alpha1.ReasonReady)
}

// wantStill checks that further passes change nothing and tell nothing new.
func (w *world) wantStill() {
	w.t.Helper()
	w.settle()
	before, events := w.versions(), len(w.events(w.t.Context()))
	for range 2 {
		w.again()
		w.settle()
	}
	if after := w.versions(); !maps.Equal(before, after) {
		w.t.Errorf("resource versions moved:\nbefore %v\nafter  %v", before, after)
	}
	if n := len(w.events(w.t.Context())); n != events {
		w.t.Errorf("%d events became %d", events, n)
	}
}

// runDeploymentAgain says that a newer generation of a Deployment is there, once there is one.
func (w *world) runDeploymentAgain(name string, n int32) {
	w.t.Helper()
	eventually.Succeeds(w.t, func(context.Context) error {
		if c := meta.FindStatusCondition(w.read().Status.Conditions, v1alpha1.ResourcesAppliedCondition); c.Status != metav1.ConditionTrue {
			return fmt.Errorf("ResourcesApplied says %s", c.Message)
		}
		return nil
	})
	w.runDeployment(name, n)
}

func TestAQuotaIsQuotedAndTriedAgain(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	quota := &corev1.ResourceQuota{
		ObjectMeta: metav1.ObjectMeta{Name: "few-secrets"},
		Spec:       corev1.ResourceQuotaSpec{Hard: corev1.ResourceList{"count/secrets": resource.MustParse("2")}},
	}
	w.create(quota)
	quota.Status = corev1.ResourceQuotaStatus{
		Hard: quota.Spec.Hard, Used: corev1.ResourceList{"count/secrets": resource.MustParse("2")},
	}
	if err := w.Status().Update(t.Context(), quota); err != nil { // as its controller would
		t.Fatal(err)
	}
	w.awaitRefusal(aSecret)
	w.realm()
	w.await(v1alpha1.ResourcesAppliedCondition, metav1.ConditionFalse, v1alpha1.ReasonApplyFailed,
		`Secret "staff-signing-keys" could not be made`, "exceeded quota: few-secrets", "limited: count/secrets=2")
	w.await(v1alpha1.SigningKeysReadyCondition, metav1.ConditionFalse, v1alpha1.ReasonApplyFailed, "exceeded quota")
	w.await(v1alpha1.CertificateReadyCondition, metav1.ConditionFalse, v1alpha1.ReasonApplyFailed, "exceeded quota")
	w.await(v1alpha1.DatabaseReadyCondition, metav1.ConditionFalse, v1alpha1.ReasonApplyFailed, "exceeded quota")
	w.awaitObserved()
	w.awaitObject(&corev1.Service{}, "staff") // which no quota is against

	if err := w.Delete(t.Context(), quota); err != nil {
		t.Fatal(err)
	}
	w.await(v1alpha1.ResourcesAppliedCondition, metav1.ConditionTrue, v1alpha1.ReasonApplied)
	w.ready(2)
}

// permit changes the operator's role, and waits until the API server goes by it.
func (w *world) permit(change func(rules []rbacv1.PolicyRule) []rbacv1.PolicyRule) {
	w.t.Helper()
	mark := &authorizationv1.ResourceAttributes{Namespace: w.namespace, Group: "test", Resource: "marks", Verb: rand.Text()}
	eventually.Succeeds(w.t, func(ctx context.Context) error {
		role := &rbacv1.Role{}
		w.get(role, "operator")
		role.Rules = append(change(role.Rules), rbacv1.PolicyRule{
			APIGroups: []string{mark.Group}, Resources: []string{mark.Resource}, Verbs: []string{mark.Verb},
		})
		return w.Update(ctx, role)
	})
	operator := w.plane.ServiceAccount("realmkeeper-system", "realmkeeper-operator").Impersonate.UserName
	eventually.Succeeds(w.t, func(ctx context.Context) error {
		review := &authorizationv1.SubjectAccessReview{Spec: authorizationv1.SubjectAccessReviewSpec{User: operator, ResourceAttributes: mark}}
		if err := w.Create(ctx, review); err != nil || !review.Status.Allowed {
			return fmt.Errorf("the operator's role is still the one before (%v)", err) //nolint:errorlint // err may be nil
		}
		return nil
	})
}

// without takes a verb for a resource out of rules.
func without(verb, of string) func([]rbacv1.PolicyRule) []rbacv1.PolicyRule {
	return func(rules []rbacv1.PolicyRule) []rbacv1.PolicyRule {
		var out []rbacv1.PolicyRule
		for _, rule := range rules {
			if !slices.Contains(rule.Resources, of) {
				out = append(out, rule)
				continue
			}
			others := *rule.DeepCopy()
			others.Resources = slices.DeleteFunc(others.Resources, func(r string) bool { return r == of })
			if len(others.Resources) > 0 {
				out = append(out, others)
			}
			less := *rule.DeepCopy()
			less.Resources, less.Verbs = []string{of}, slices.DeleteFunc(less.Verbs, func(v string) bool { return v == verb })
			out = append(out, less)
		}
		return out
	}
}

func TestAMissingPermissionIsQuotedAndTriedAgain(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		verb, resource string
		kind           string
		status         metav1.ConditionStatus
		reason         string
		says           string
	}{
		"to write Deployments": {"patch", "deployments", v1alpha1.ResourcesAppliedCondition, metav1.ConditionFalse, v1alpha1.ReasonApplyFailed, `cannot patch resource "deployments"`},
		"to list pods":         {"list", "pods", v1alpha1.ConfigPropagatedCondition, metav1.ConditionUnknown, v1alpha1.ReasonFailed, `cannot list resource "pods"`},
		"to read Secrets":      {"get", "secrets", v1alpha1.SigningKeysReadyCondition, metav1.ConditionFalse, v1alpha1.ReasonFailed, `cannot get resource "secrets"`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.realm()
			w.ready(2)
			role := &rbacv1.Role{}
			w.get(role, "operator")
			before := role.DeepCopy().Rules
			w.permit(without(c.verb, c.resource))
			if c.resource == "secrets" {
				w.permit(without("list", c.resource)) // which gets them as well
			}
			w.edit(func(s *v1alpha1.AuthRealmSpec) {
				s.Passwords = &v1alpha1.Passwords{BcryptCost: ptr[int32](10)}
				if c.resource == "deployments" {
					s.Image = "realmkeeper:another"
				}
			})
			w.await(c.kind, c.status, c.reason, c.says)
			w.await(v1alpha1.AvailableCondition, metav1.ConditionTrue, v1alpha1.ReasonAvailable)
			w.awaitObserved()
			if meta.IsStatusConditionTrue(w.read().Status.Conditions, v1alpha1.ReadyCondition) {
				t.Error("the realm is Ready")
			}

			w.permit(func([]rbacv1.PolicyRule) []rbacv1.PolicyRule { return before })
			w.runDeploymentAgain("staff", 2)
			w.await(v1alpha1.ReadyCondition, metav1.ConditionTrue, v1alpha1.ReasonReady)
		})
	}
}

// webhook has the API server ask about every Secret and ConfigMap that the operator
// writes, and answers with a code; 0 lets it wait for longer than anybody does, but who only tries.
func (w *world) webhook(code int32) (remove func()) {
	w.t.Helper()
	stop := make(chan struct{})
	remove = w.review([]string{"secrets", "configmaps"}, 10, func(ctx context.Context, q *admissionv1.AdmissionRequest) admissionv1.AdmissionResponse {
		if code == 0 && q.Name != aSecret().GetName() {
			select {
			case <-stop:
			case <-ctx.Done():
			}
		}
		return admissionv1.AdmissionResponse{Result: &metav1.Status{Code: code, Message: "the webhook says so"}}
	})
	w.t.Cleanup(func() { close(stop) })
	return remove
}

// review has the API server ask about what the operator writes of these resources, and wait
// for the answer for some seconds.
func (w *world) review(resources []string, timeout int32, answer func(context.Context, *admissionv1.AdmissionRequest) admissionv1.AdmissionResponse) (remove func()) {
	w.t.Helper()
	server := httptest.NewTLSServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		var review admissionv1.AdmissionReview
		if err := json.NewDecoder(r.Body).Decode(&review); err != nil {
			http.Error(rw, "no", http.StatusServiceUnavailable)
			return
		}
		response := answer(r.Context(), review.Request)
		response.UID = review.Request.UID
		review.Response = &response
		_ = json.NewEncoder(rw).Encode(review)
	}))
	bundle := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw})
	w.t.Cleanup(server.Close)
	return w.clusterWide(&admissionregistrationv1.ValidatingWebhookConfiguration{
		ObjectMeta: metav1.ObjectMeta{Name: w.namespace},
		Webhooks: []admissionregistrationv1.ValidatingWebhook{{
			Name:                    "writes.example.com",
			ClientConfig:            admissionregistrationv1.WebhookClientConfig{URL: ptr(server.URL), CABundle: bundle},
			FailurePolicy:           ptr(admissionregistrationv1.Fail),
			SideEffects:             ptr(admissionregistrationv1.SideEffectClassNone),
			AdmissionReviewVersions: []string{"v1"},
			TimeoutSeconds:          ptr(timeout),
			NamespaceSelector:       w.inNamespace(),
			MatchConditions: []admissionregistrationv1.MatchCondition{{
				Name: "of-the-operator", Expression: "request.userInfo.username.endsWith(':realmkeeper-operator')",
			}},
			Rules: []admissionregistrationv1.RuleWithOperations{{
				Operations: []admissionregistrationv1.OperationType{admissionregistrationv1.Create, admissionregistrationv1.Update},
				Rule: admissionregistrationv1.Rule{
					APIGroups: []string{""}, APIVersions: []string{"v1"}, Resources: resources,
				},
			}},
		}},
	})
}

func TestWhateverAWebhookAnswersIsToldAndTriedAgain(t *testing.T) {
	t.Parallel()
	for _, code := range []int32{http.StatusBadRequest, http.StatusForbidden, http.StatusConflict, http.StatusUnprocessableEntity, http.StatusInternalServerError} {
		t.Run(fmt.Sprint(code), func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.realm()
			w.ready(2)
			remove := w.webhook(code)
			w.awaitRefusal(aSecret)
			kid := w.revoke()
			w.await(v1alpha1.ReadyCondition, metav1.ConditionFalse, v1alpha1.ReasonApplyFailed, "the webhook says so")
			w.awaitObserved()
			if got := w.signingKey(); got != kid {
				t.Errorf("the status has key %s, while %s is published", got, kid)
			}

			remove()
			w.awaitRevoked(kid)
			w.await(v1alpha1.ReadyCondition, metav1.ConditionTrue, v1alpha1.ReasonReady)
		})
	}
}

func TestReadyIsTakenBackWhileAPassTakesLong(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.realm()
	w.ready(2)
	w.webhook(0)
	w.awaitRefusal(aSecret)
	w.edit(func(s *v1alpha1.AuthRealmSpec) { s.Passwords = &v1alpha1.Passwords{BcryptCost: ptr[int32](10)} })
	w.await(v1alpha1.ReadyCondition, metav1.ConditionUnknown, v1alpha1.ReasonNotObserved, "still at it")
	w.await(v1alpha1.ReadyCondition, metav1.ConditionFalse, v1alpha1.ReasonApplyFailed, "writes.example.com")
	w.awaitObserved()
}

func TestARefusalNeverTellsASecret(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.policy([]string{"secrets"}, admissionregistrationv1.Validation{
		Expression:        "!has(object.data) || !('password' in object.data)",
		MessageExpression: "'I do not like ' + string(object.data['password']) + ' at all, which is half ' + string(object.data['password']).substring(0, 12)",
	})
	w.awaitRefusal(aSecret)
	w.realm()
	w.await(v1alpha1.ResourcesAppliedCondition, metav1.ConditionFalse, v1alpha1.ReasonApplyFailed, "I do not like … at all, which is half …")
	w.await(v1alpha1.DatabaseReadyCondition, metav1.ConditionFalse, v1alpha1.ReasonApplyFailed, "I do not like … at all")
	w.await(v1alpha1.SigningKeysReadyCondition, metav1.ConditionTrue, v1alpha1.ReasonSigning)
	w.awaitObserved()
	if strings.Contains(w.log.String(), "I do not like") && !strings.Contains(w.log.String(), "I do not like …") {
		t.Error("the log quotes a Secret")
	}
}

func TestARefusalNeverTellsWhatASecretHeldBefore(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.realm()
	w.ready(2)
	stored := w.clientSecret("google", "hunter2-was-here")
	w.provider("google")
	w.awaitProvider("google", v1alpha1.ReadyCondition, metav1.ConditionTrue, v1alpha1.ReasonReady)
	w.policy([]string{"secrets"}, admissionregistrationv1.Validation{
		Expression:        "request.operation != 'UPDATE' && !object.metadata.name.startsWith('try')",
		MessageExpression: "oldObject == null ? 'no' : 'I liked ' + string(oldObject.data['google']) + ' better'",
	})
	w.awaitRefusal(aSecret)
	w.put(stored, "clientSecret", "another-of-mine")
	w.await(v1alpha1.ResourcesAppliedCondition, metav1.ConditionFalse, v1alpha1.ReasonApplyFailed,
		`Secret "staff-provider-credentials" could not be written`, "I liked … better")
}
