// SPDX-License-Identifier: Apache-2.0

package controllers_test

import (
	"context"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/realmkeeper/realmkeeper/api/v1alpha1"
	"github.com/realmkeeper/realmkeeper/internal/testenv/eventually"
	"github.com/realmkeeper/realmkeeper/internal/testenv/specfields"
)

// reference is a field of a realm's spec that names a Secret, and the condition that
// tells of it.
type reference struct {
	set       func(s *v1alpha1.AuthRealmSpec, secret string)
	condition string
}

func references() map[string]reference {
	type spec = v1alpha1.AuthRealmSpec
	key := func(secret string) *v1alpha1.SecretKeyRef { return &v1alpha1.SecretKeyRef{Name: secret} }
	mail := func(s *spec) *v1alpha1.SMTP {
		s.Email = &v1alpha1.Email{From: "a@b.example", SMTP: v1alpha1.SMTP{Host: "smtp.b.example"}}
		return &s.Email.SMTP
	}
	return map[string]reference{
		"database.urlSecretRef": {
			func(s *spec, n string) { s.Database = &v1alpha1.Database{URLSecretRef: key(n)} }, v1alpha1.DatabaseReadyCondition,
		},
		"database.caSecretRef": {
			func(s *spec, n string) {
				s.Database = &v1alpha1.Database{URLSecretRef: key("mine"), CASecretRef: key(n)}
			}, v1alpha1.DatabaseReadyCondition,
		},
		"cache.urlSecretRef": {
			func(s *spec, n string) { s.Cache = &v1alpha1.Cache{URLSecretRef: key(n)} }, v1alpha1.CacheReadyCondition,
		},
		"cache.caSecretRef": {
			func(s *spec, n string) { s.Cache = &v1alpha1.Cache{URLSecretRef: key("mine"), CASecretRef: key(n)} }, v1alpha1.CacheReadyCondition,
		},
		"tls.secretRef": {
			func(s *spec, n string) { s.TLS = &v1alpha1.TLS{SecretRef: &v1alpha1.SecretRef{Name: n}} }, v1alpha1.CertificateReadyCondition,
		},
		"email.smtp.credentialsSecretRef": {
			func(s *spec, n string) { mail(s).CredentialsSecretRef = &v1alpha1.CredentialsSecretRef{Name: n} }, v1alpha1.SecretsFoundCondition,
		},
		"email.smtp.caSecretRef": {
			func(s *spec, n string) { mail(s).CASecretRef = key(n) }, v1alpha1.SecretsFoundCondition,
		},
		"sms.twilio.authTokenSecretRef": {
			func(s *spec, n string) {
				s.SMS = &v1alpha1.SMS{Twilio: &v1alpha1.Twilio{
					AccountSID: "p", From: "+15005550006", AuthTokenSecretRef: *key(n), URL: "https://evil.example",
				}}
			}, v1alpha1.SecretsFoundCondition,
		},
		"sms.webhook.signingSecretRef": {
			func(s *spec, n string) {
				s.SMS = &v1alpha1.SMS{Webhook: &v1alpha1.SMSWebhook{URL: "https://evil.example", SigningSecretRef: *key(n)}}
			}, v1alpha1.SecretsFoundCondition,
		},
		"imagePullSecrets": {
			func(s *spec, n string) { s.ImagePullSecrets = []v1alpha1.SecretRef{{Name: n}} }, v1alpha1.SecretsFoundCondition,
		},
		"clients.registration.initialAccessTokens": {
			func(s *spec, n string) {
				s.Clients = &v1alpha1.Clients{Registration: &v1alpha1.ClientRegistration{InitialAccessTokens: v1alpha1.SecretRef{Name: n}}}
			}, v1alpha1.SecretsFoundCondition,
		},
		"exposure.ingress.tlsSecretName": {
			func(s *spec, n string) {
				s.Exposure = &v1alpha1.Exposure{Ingress: &v1alpha1.IngressExposure{TLSSecretName: n}}
			}, v1alpha1.ExposedCondition,
		},
	}
}

// Whatever field names it, and whoever's it is, a Secret that the operator made is neither
// read nor mounted.
func TestNoSpecNamesASecretOfTheOperators(t *testing.T) {
	t.Parallel()
	if want, got := specfields.Secrets(reflect.TypeFor[v1alpha1.AuthRealmSpec]()), slices.Sorted(maps.Keys(references())); !slices.Equal(got, want) {
		t.Errorf("this test knows %q, and the kind has %q", got, want)
	}
	w := newWorld(t)
	w.create(&corev1.Secret{ObjectMeta: metav1.ObjectMeta{Name: "mine"}, StringData: map[string]string{"uri": "postgres://a@b/c"}})
	w.create(&v1alpha1.AuthRealm{ObjectMeta: metav1.ObjectMeta{Name: "other"}, Spec: v1alpha1.AuthRealmSpec{Issuer: "https://other.example.com"}})
	w.awaitObject(&corev1.Secret{}, "other-database")
	// Of a realm that is gone: nothing but its name tells of what it was.
	w.create(&corev1.Secret{ObjectMeta: metav1.ObjectMeta{Name: "gone-encryption-keys"}, StringData: map[string]string{"keys.json": "hunter2"}})
	w.realm()
	w.ready(2)
	before := w.mounted()
	for field, ref := range references() {
		for _, secret := range []string{"staff-signing-keys", "other-database", "gone-encryption-keys"} {
			w.edit(func(s *v1alpha1.AuthRealmSpec) {
				*s = v1alpha1.AuthRealmSpec{Issuer: s.Issuer}
				ref.set(s, secret)
			})
			w.await(ref.condition, metav1.ConditionFalse, v1alpha1.ReasonInvalidSecret, field+": Secret \""+secret+"\" is a realm's own", "name one of yours")
			if after := w.mounted(); !slices.Equal(after, before) {
				t.Errorf("%s names %s: pods mount %v, and did %v", field, secret, after, before)
			}
		}
	}
	w.wantGone(&networkingv1.Ingress{}, "staff")
	w.awaitObject(&corev1.Secret{}, "staff-database") // what pods run with stays while the spec cannot be had

	w.edit(func(s *v1alpha1.AuthRealmSpec) { *s = v1alpha1.AuthRealmSpec{Issuer: s.Issuer} })
	w.await(v1alpha1.SecretsFoundCondition, metav1.ConditionTrue, v1alpha1.ReasonFound)
	w.runDatabase()
	w.runDeployment(realmName+"-cache", 1)
	w.runDeployment(realmName, 2) // a Secret to pull with is part of a pod
	w.await(v1alpha1.ReadyCondition, metav1.ConditionTrue, v1alpha1.ReasonReady)
}

// mounted are the names of the Secrets that the realm's pods mount.
func (w *world) mounted() []string {
	w.t.Helper()
	d := &appsv1.Deployment{}
	w.get(d, realmName)
	var names []string
	for _, v := range d.Spec.Template.Spec.Volumes {
		if v.Secret != nil {
			names = append(names, v.Secret.SecretName)
		}
	}
	slices.Sort(names)
	return names
}

// What a Secret says of itself, whoever may mark Secrets can take away, and add.
func TestMarksThatPeopleMakeOpenNothing(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.realm()
	w.create(&v1alpha1.AuthRealm{ObjectMeta: metav1.ObjectMeta{Name: "other"}, Spec: v1alpha1.AuthRealmSpec{Issuer: "https://other.example.com"}})
	w.ready(2)
	w.awaitObject(&corev1.Secret{}, "other-tls")
	w.stop() // so that nobody marks it again
	s := &corev1.Secret{}
	w.get(s, "other-tls")
	s.Labels, s.OwnerReferences = nil, nil
	if err := w.Update(t.Context(), s); err != nil {
		t.Fatal(err)
	}
	w.startOperator()
	w.edit(func(s *v1alpha1.AuthRealmSpec) { references()["sms.twilio.authTokenSecretRef"].set(s, "other-tls") })
	w.await(v1alpha1.SecretsFoundCondition, metav1.ConditionFalse, v1alpha1.ReasonInvalidSecret, "other-tls")
	if slices.Contains(w.mounted(), "other-tls") {
		t.Error("the pods mount another realm's certificate")
	}
	w.provider("evil", func(s *v1alpha1.OAuthProviderSpec) {
		s.ClientSecretRef = v1alpha1.SecretKeyRef{Name: "other-tls", Key: "tls.key"}
	})
	w.awaitProvider("evil", v1alpha1.SecretFoundCondition, metav1.ConditionFalse, v1alpha1.ReasonInvalidSecret, "a realm's own")
	w.awaitProviders(map[string]string{})
}

// A Secret that is named before there is one is given up once it is a realm's.
func TestNamesThatBecomeARealmsOwnAreGivenUp(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.realm(func(s *v1alpha1.AuthRealmSpec) { references()["sms.twilio.authTokenSecretRef"].set(s, "late-tls") })
	w.provider("early", func(s *v1alpha1.OAuthProviderSpec) {
		s.ClientSecretRef = v1alpha1.SecretKeyRef{Name: "late-tls", Key: "tls.key"}
	})
	w.run(2)
	w.await(v1alpha1.SecretsFoundCondition, metav1.ConditionFalse, v1alpha1.ReasonSecretNotFound, "late-tls")
	if !slices.Contains(w.mounted(), "late-tls") {
		t.Fatal("pods do not wait for the Secret")
	}
	w.create(&v1alpha1.AuthRealm{ObjectMeta: metav1.ObjectMeta{Name: "late"}, Spec: v1alpha1.AuthRealmSpec{Issuer: "https://late.example.com"}})
	w.await(v1alpha1.SecretsFoundCondition, metav1.ConditionFalse, v1alpha1.ReasonInvalidSecret, "late-tls")
	w.awaitProvider("early", v1alpha1.SecretFoundCondition, metav1.ConditionFalse, v1alpha1.ReasonInvalidSecret, "a realm's own")
	eventually.Succeeds(t, func(context.Context) error {
		if names := w.mounted(); slices.Contains(names, "late-tls") {
			return fmt.Errorf("pods mount %v", names)
		}
		return nil
	})
}

// Whoever deletes a realm may have its pods left behind.
func TestNoSecretIsMadeForPodsOfARealmThatIsGone(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.realm(func(s *v1alpha1.AuthRealmSpec) { references()["sms.twilio.authTokenSecretRef"].set(s, "late-tls") })
	w.awaitObject(&appsv1.Deployment{}, realmName)
	w.stop()
	left := &appsv1.Deployment{}
	w.get(left, realmName)
	left.OwnerReferences = nil
	if err := w.Update(t.Context(), left); err != nil {
		t.Fatal(err)
	}
	if err := w.Delete(t.Context(), w.read(), client.PropagationPolicy(metav1.DeletePropagationOrphan)); err != nil {
		t.Fatal(err)
	}
	eventually.Succeeds(t, func(ctx context.Context) error {
		realm := &v1alpha1.AuthRealm{}
		err := w.Get(ctx, client.ObjectKey{Namespace: w.namespace, Name: realmName}, realm)
		if err == nil && len(realm.Finalizers) > 0 { // for a garbage collector, which is not here
			realm.Finalizers = nil
			return w.Update(ctx, realm)
		}
		if !apierrors.IsNotFound(err) {
			return fmt.Errorf("the realm is still there: %w", err)
		}
		return nil
	})
	w.startOperator()
	w.create(&v1alpha1.AuthRealm{ObjectMeta: metav1.ObjectMeta{Name: "late"}, Spec: v1alpha1.AuthRealmSpec{Issuer: "https://late.example.com"}})
	eventually.Succeeds(t, func(context.Context) error {
		late := &v1alpha1.AuthRealm{}
		w.get(late, "late")
		c := meta.FindStatusCondition(late.Status.Conditions, v1alpha1.CertificateReadyCondition)
		if c == nil || c.Reason != v1alpha1.ReasonNameInUse || !strings.Contains(c.Message, `Deployment "staff"`) {
			return fmt.Errorf("conditions are\n%s", conditions(late.Status.Conditions))
		}
		return nil
	})
}

// A pod that was there before would be given the Secret by its kubelet, however soon the
// operator has it replaced.
func TestNoSecretIsMadeForPodsThatWaitForIt(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	waiting := serverPod("staff-0")
	for _, name := range []string{"late-tls", "late-database"} {
		waiting.Spec.Volumes = append(waiting.Spec.Volumes, corev1.Volume{Name: name, VolumeSource: corev1.VolumeSource{
			Secret: &corev1.SecretVolumeSource{SecretName: name, Optional: ptr(true)},
		}})
	}
	w.create(waiting)
	w.realm(func(s *v1alpha1.AuthRealmSpec) { references()["sms.twilio.authTokenSecretRef"].set(s, "another") })
	late := &v1alpha1.AuthRealm{ObjectMeta: metav1.ObjectMeta{Name: "late"}, Spec: v1alpha1.AuthRealmSpec{Issuer: "https://late.example.com"}}
	w.create(late)
	awaitLate := func(want func(c metav1.Condition) bool, kinds ...string) {
		t.Helper()
		eventually.Succeeds(t, func(context.Context) error {
			w.get(late, "late")
			for _, kind := range kinds {
				if c := meta.FindStatusCondition(late.Status.Conditions, kind); c == nil || !want(*c) {
					return fmt.Errorf("conditions are\n%s", conditions(late.Status.Conditions))
				}
			}
			return nil
		})
	}
	awaitLate(func(c metav1.Condition) bool {
		return c.Reason == v1alpha1.ReasonNameInUse && strings.Contains(c.Message, `Pod "staff-0"`)
	},
		v1alpha1.ResourcesAppliedCondition, v1alpha1.DatabaseReadyCondition, v1alpha1.CertificateReadyCondition)
	for _, name := range []string{"late-tls", "late-database"} {
		if err := w.Get(t.Context(), client.ObjectKey{Namespace: w.namespace, Name: name}, &corev1.Secret{}); !apierrors.IsNotFound(err) {
			t.Errorf("Secret %s is made while a pod waits for it: %v", name, err)
		}
	}
	if err := w.Delete(t.Context(), waiting, client.GracePeriodSeconds(0)); err != nil {
		t.Fatal(err)
	}
	eventually.Succeeds(t, func(ctx context.Context) error { // nobody waits for a minute here
		w.get(late, "late")
		metav1.SetMetaDataAnnotation(&late.ObjectMeta, "test/note", "look again")
		return w.Update(ctx, late)
	})
	awaitLate(func(c metav1.Condition) bool { return c.Status == metav1.ConditionTrue }, v1alpha1.ResourcesAppliedCondition, v1alpha1.CertificateReadyCondition)
}

func TestALogoIsNotReadFromARealmsOwn(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.realm(func(s *v1alpha1.AuthRealmSpec) {
		s.UI = &v1alpha1.UI{Logo: &v1alpha1.Logo{ConfigMapRef: v1alpha1.ConfigMapKeyRef{Name: "staff-ca", Key: "ca.crt"}}}
	})
	w.await(v1alpha1.BrandingAcceptedCondition, metav1.ConditionFalse, v1alpha1.ReasonInvalidLogo, `ui.logo.configMapRef: ConfigMap "staff-ca" is a realm's own`)
}
