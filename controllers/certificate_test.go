// SPDX-License-Identifier: Apache-2.0

package controllers_test

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"math/big"
	"testing"
	"time"

	admissionregistrationv1 "k8s.io/api/admissionregistration/v1"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/realmkeeper/realmkeeper/api/v1alpha1"
	"github.com/realmkeeper/realmkeeper/internal/testenv/eventually"
)

func TestCertificateIsRenewedAfterTwoThirdsOfItsLife(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.realm()
	w.ready(2)
	first := w.certificate("staff-tls")

	w.clock.advance(61 * 24 * time.Hour)
	w.create(&corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Name: "staff-database"}}) // asks for a pass
	eventually.Succeeds(t, func(context.Context) error {
		if w.certificate("staff-tls").Equal(first) {
			return fmt.Errorf("the certificate is still the first")
		}
		return nil
	})
	w.await(v1alpha1.CertificateReadyCondition, metav1.ConditionTrue, v1alpha1.ReasonIssued,
		w.certificate("staff-tls").NotAfter.UTC().Format(time.DateOnly))
	w.await(v1alpha1.ReadyCondition, metav1.ConditionTrue, v1alpha1.ReasonReady)

	roots := x509.NewCertPool()
	bundle := &corev1.ConfigMap{}
	w.get(bundle, "staff-ca")
	roots.AppendCertsFromPEM([]byte(bundle.Data["ca.crt"]))
	for _, host := range []string{"login.example.com", "staff", "staff." + w.namespace + ".svc.cluster.local"} {
		_, err := w.certificate("staff-tls").Verify(x509.VerifyOptions{DNSName: host, Roots: roots, CurrentTime: w.clock.now()})
		if err != nil {
			t.Errorf("clients that trust the bundle refuse %s: %v", host, err)
		}
	}
}

func TestAnotherIssuerGetsAnotherCertificateWithoutNewPods(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.realm()
	w.ready(2)
	before := &appsv1.Deployment{}
	w.get(before, "staff")
	w.edit(func(s *v1alpha1.AuthRealmSpec) {
		s.Issuer = "https://id.example.org"
		s.Login = &v1alpha1.Login{UnknownUser: v1alpha1.ConcealUnknownUser}
		s.Tokens = &v1alpha1.Tokens{AccessTokenLifetime: &metav1.Duration{Duration: 5 * time.Minute}}
	})
	w.await(v1alpha1.ReadyCondition, metav1.ConditionTrue, v1alpha1.ReasonReady)
	if err := w.certificate("staff-tls").VerifyHostname("id.example.org"); err != nil {
		t.Error(err)
	}
	after := &appsv1.Deployment{}
	w.get(after, "staff")
	if before.Generation != after.Generation {
		t.Errorf("the Deployment came to generation %d from %d", after.Generation, before.Generation)
	}
}

func (w *world) certificate(secret string) *x509.Certificate {
	w.t.Helper()
	s := &corev1.Secret{}
	w.get(s, secret)
	block, _ := pem.Decode(s.Data["tls.crt"])
	c, err := x509.ParseCertificate(block.Bytes)
	if err != nil {
		w.t.Fatal(err)
	}
	return c
}

func TestCertificateOfOnesOwn(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.realm(func(s *v1alpha1.AuthRealmSpec) {
		s.TLS = &v1alpha1.TLS{SecretRef: &v1alpha1.SecretRef{Name: "mine"}}
	})
	w.await(v1alpha1.CertificateReadyCondition, metav1.ConditionFalse, v1alpha1.ReasonSecretNotFound, `"mine"`)

	secret := &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Name: "mine"}, StringData: map[string]string{"tls.crt": "x", "tls.key": "y"}}
	w.create(secret)
	w.await(v1alpha1.CertificateReadyCondition, metav1.ConditionFalse, v1alpha1.ReasonInvalidSecret)
	for _, step := range []struct {
		host, reason string
		status       metav1.ConditionStatus
	}{
		{"other.example.com", v1alpha1.ReasonHostNotCovered, metav1.ConditionFalse},
		{"login.example.com", v1alpha1.ReasonProvided, metav1.ConditionTrue},
	} {
		certificate, key := selfSigned(t, step.host, w.clock.now())
		w.get(secret, "mine")
		secret.Data["tls.crt"], secret.Data["tls.key"] = certificate, key
		if err := w.Update(t.Context(), secret); err != nil {
			t.Fatal(err)
		}
		w.await(v1alpha1.CertificateReadyCondition, step.status, step.reason)
	}
	w.wantGone(&corev1.Secret{}, "staff-tls")

	w.clock.advance(48 * time.Hour)
	w.put(secret, "note", "asks for a pass")
	w.await(v1alpha1.CertificateReadyCondition, metav1.ConditionFalse, v1alpha1.ReasonExpired, `Secret "mine"`, "put a new one there")
	certificate, key := selfSigned(t, "login.example.com", w.clock.now())
	eventually.Succeeds(t, func(ctx context.Context) error {
		w.get(secret, "mine")
		secret.Data["tls.crt"], secret.Data["tls.key"] = certificate, key
		return w.Update(ctx, secret)
	})
	w.await(v1alpha1.CertificateReadyCondition, metav1.ConditionTrue, v1alpha1.ReasonProvided)
}

func TestACertificateThatIsNotValidYet(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	certificate, key := selfSigned(t, "login.example.com", w.clock.now().Add(3*time.Hour))
	secret := &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Name: "mine"}, Data: map[string][]byte{"tls.crt": certificate, "tls.key": key}}
	w.create(secret)
	w.realm(func(s *v1alpha1.AuthRealmSpec) { s.TLS = &v1alpha1.TLS{SecretRef: &v1alpha1.SecretRef{Name: "mine"}} })
	w.await(v1alpha1.CertificateReadyCondition, metav1.ConditionFalse, v1alpha1.ReasonNotYetValid,
		`tls.secretRef: the certificate in Secret "mine" is not valid before `+w.clock.now().Add(2*time.Hour).UTC().Format("2006-01-02T15"), "or wait")

	for hours, reason := range map[time.Duration]string{2: v1alpha1.ReasonProvided, 25: v1alpha1.ReasonExpiringSoon} {
		now := w.clock.now()
		w.clock.advance(hours*time.Hour + time.Minute)
		w.put(secret, "note", "asks for a pass "+reason)
		w.await(v1alpha1.CertificateReadyCondition, metav1.ConditionTrue, reason)
		w.clock.advance(now.Sub(w.clock.now()))
	}

	forClients := certificateFor(t, "login.example.com", w.clock.now(), x509.ExtKeyUsageClientAuth)
	eventually.Succeeds(t, func(ctx context.Context) error {
		w.get(secret, "mine")
		secret.Data["tls.crt"], secret.Data["tls.key"] = forClients[0], forClients[1]
		return w.Update(ctx, secret)
	})
	w.await(v1alpha1.CertificateReadyCondition, metav1.ConditionFalse, v1alpha1.ReasonInvalidSecret, "is not for servers")
}

// A webhook may let everything be written and have something else stored.
func TestACertificateIsToldOfOnlyWhenItIsStored(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.realm()
	w.ready(2)
	w.rest()
	w.awaitEvents(map[string]int{"CertificateIssued": 1})
	lift := w.keepStored("staff-tls", "tls.crt")
	w.clock.advance(61 * 24 * time.Hour)
	w.again()
	w.await(v1alpha1.CertificateReadyCondition, metav1.ConditionFalse, v1alpha1.ReasonApplyFailed, `Secret "staff-tls" is not written, since something else would be stored in its key "tls.crt"`)
	w.again()
	w.settle()
	w.awaitEvents(map[string]int{"CertificateIssued": 1})
	lift()
	w.later(2 * time.Minute)
	w.again()
	w.await(v1alpha1.CertificateReadyCondition, metav1.ConditionTrue, v1alpha1.ReasonIssued)
	w.awaitEvents(map[string]int{"CertificateIssued": 2})
}

// keepStored has the API server store under a Secret's key what was there before.
func (w *world) keepStored(name, key string) (lift func()) {
	w.t.Helper()
	lift = w.clusterWide(
		&admissionregistrationv1.MutatingAdmissionPolicy{
			ObjectMeta: metav1.ObjectMeta{Name: w.namespace},
			Spec: admissionregistrationv1.MutatingAdmissionPolicySpec{
				MatchConstraints: &admissionregistrationv1.MatchResources{
					NamespaceSelector: w.inNamespace(),
					ResourceRules: []admissionregistrationv1.NamedRuleWithOperations{{
						ResourceNames: []string{name},
						RuleWithOperations: admissionregistrationv1.RuleWithOperations{
							Operations: []admissionregistrationv1.OperationType{admissionregistrationv1.Update},
							Rule:       admissionregistrationv1.Rule{APIGroups: []string{""}, APIVersions: []string{"v1"}, Resources: []string{"secrets"}},
						},
					}},
				},
				Mutations: []admissionregistrationv1.Mutation{{
					PatchType: admissionregistrationv1.PatchTypeJSONPatch,
					JSONPatch: &admissionregistrationv1.JSONPatch{
						Expression: fmt.Sprintf(`[JSONPatch{op: "replace", path: "/data/%[1]s", value: oldObject.data["%[1]s"]}]`, key),
					},
				}},
				ReinvocationPolicy: admissionregistrationv1.NeverReinvocationPolicy,
				FailurePolicy:      ptr(admissionregistrationv1.Fail),
			},
		},
		&admissionregistrationv1.MutatingAdmissionPolicyBinding{
			ObjectMeta: metav1.ObjectMeta{Name: w.namespace},
			Spec:       admissionregistrationv1.MutatingAdmissionPolicyBindingSpec{PolicyName: w.namespace},
		},
	)
	eventually.Succeeds(w.t, func(ctx context.Context) error { // which the API server learns of after a while
		s := &corev1.Secret{}
		w.get(s, name)
		stored := s.Data[key]
		s.Data[key] = []byte("another")
		if err := w.Update(ctx, s, client.DryRunAll); err != nil || !bytes.Equal(s.Data[key], stored) {
			return fmt.Errorf("another value would be stored (%v)", err) //nolint:errorlint // err may be nil
		}
		return nil
	})
	return lift
}

// selfSigned is a certificate for a day.
func selfSigned(t *testing.T, host string, now time.Time) (certificate, key []byte) {
	t.Helper()
	pair := certificateFor(t, host, now)
	return pair[0], pair[1]
}

// certificateFor is a certificate for a day and its key, for these uses.
func certificateFor(t *testing.T, host string, now time.Time, uses ...x509.ExtKeyUsage) [2][]byte {
	t.Helper()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), DNSNames: []string{host},
		NotBefore: now.Add(-time.Hour), NotAfter: now.Add(24 * time.Hour), ExtKeyUsage: uses,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, private.Public(), private)
	if err != nil {
		t.Fatal(err)
	}
	keyDER, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		t.Fatal(err)
	}
	return [2][]byte{
		pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}),
		pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: keyDER}),
	}
}

func TestARefusedRenewalOfTheAuthorityIsTriedAboutOnceAMinute(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.realm(func(s *v1alpha1.AuthRealmSpec) {
		s.SigningKeys = &v1alpha1.SigningKeys{RotationInterval: &metav1.Duration{}} // or they would be due as well
	})
	w.ready(2)
	w.rest()
	s := &corev1.Secret{}
	w.get(s, "staff-ca")
	s.Immutable = ptr(true)
	if err := w.Update(t.Context(), s); err != nil {
		t.Fatal(err)
	}
	w.settle()
	w.clock.advance(7 * 365 * 24 * time.Hour) // beyond two thirds of its life
	w.again()
	w.await(v1alpha1.CertificateReadyCondition, metav1.ConditionFalse, v1alpha1.ReasonApplyFailed, `Secret "staff-ca" could not be written`)
	last, since := 0, time.Now()
	eventually.Holds(t, "the operator does nothing for 20 seconds", func() bool {
		if asked := w.pods.timesAsked(); asked != last {
			last, since = asked, time.Now()
		}
		return time.Since(since) > 20*time.Second
	})
	eventually.Holds(t, "and then tries again", func() bool { return w.pods.timesAsked() != last })
}
