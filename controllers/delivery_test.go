// SPDX-License-Identifier: Apache-2.0

package controllers_test

import (
	"context"
	"fmt"
	"reflect"
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

func TestMailThatLacksItsSecretsIsNamedAndStopsNothing(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.realm(func(s *v1alpha1.AuthRealmSpec) {
		s.Email = &v1alpha1.Email{From: "login@example.com", SMTP: v1alpha1.SMTP{
			Host:                 "smtp.example.com",
			CredentialsSecretRef: &v1alpha1.CredentialsSecretRef{Name: "smtp"},
			CASecretRef:          &v1alpha1.SecretKeyRef{Name: "smtp-ca"},
		}}
		s.SMS = &v1alpha1.SMS{Webhook: &v1alpha1.SMSWebhook{
			URL: "https://sms.example.com", SigningSecretRef: v1alpha1.SecretKeyRef{Name: "sms"},
		}}
	})
	w.run(2)
	w.await(v1alpha1.AvailableCondition, metav1.ConditionTrue, v1alpha1.ReasonAvailable)
	w.await(v1alpha1.ConfigPropagatedCondition, metav1.ConditionTrue, v1alpha1.ReasonPropagated)
	w.await(v1alpha1.SecretsFoundCondition, metav1.ConditionFalse, v1alpha1.ReasonSecretNotFound,
		`email.smtp.credentialsSecretRef: there is no Secret "smtp"`,
		`email.smtp.caSecretRef: there is no Secret "smtp-ca"`,
		`sms.webhook.signingSecretRef: there is no Secret "sms"`, "create it")
	w.await(v1alpha1.ReadyCondition, metav1.ConditionFalse, v1alpha1.ReasonSecretNotFound, "SecretsFound")

	smtp := &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Name: "smtp"}, StringData: map[string]string{"username": "me"}}
	ca := &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Name: "smtp-ca"}, StringData: map[string]string{"ca.crt": "hunter2"}}
	sms := &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Name: "sms"}, StringData: map[string]string{"signingSecret": "hunter2"}}
	w.create(smtp, ca, sms)
	w.await(v1alpha1.SecretsFoundCondition, metav1.ConditionFalse, v1alpha1.ReasonSecretNotFound, `Secret "smtp" has no key "password"`)
	w.put(smtp, "password", "hunter2")
	w.await(v1alpha1.SecretsFoundCondition, metav1.ConditionFalse, v1alpha1.ReasonInvalidSecret, "PEM", "whsec_")
	certificate, _ := selfSigned(t, "smtp.example.com", w.clock.now())
	w.put(ca, "ca.crt", string(certificate))
	w.put(sms, "signingSecret", "whsec_MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE=\n")
	w.await(v1alpha1.SecretsFoundCondition, metav1.ConditionTrue, v1alpha1.ReasonFound)
	w.await(v1alpha1.ReadyCondition, metav1.ConditionTrue, v1alpha1.ReasonReady)
	w.wantUntold("hunter2")
}

// codeMail is a realm whose mail with a code has this text.
func codeMail(text string) func(*v1alpha1.AuthRealmSpec) {
	return func(s *v1alpha1.AuthRealmSpec) {
		s.Email = &v1alpha1.Email{
			From: "login@example.com", SMTP: v1alpha1.SMTP{Host: "smtp.example.com"},
			Templates: map[string]v1alpha1.EmailTemplate{"code": {Text: text}},
		}
	}
}

func TestSettingsThatAnAuthServerRefusesKeepBackNothingElse(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.realm()
	w.ready(2)
	before, certificate := w.settings(), w.certificate("staff-tls")
	w.edit(codeMail("Your code is {{.Kode}}"))
	w.await(v1alpha1.ResourcesAppliedCondition, metav1.ConditionFalse, v1alpha1.ReasonInvalidSettings, "email.templates", "Kode")
	w.await(v1alpha1.ConfigPropagatedCondition, metav1.ConditionFalse, v1alpha1.ReasonInvalidSettings,
		"2 of 2 pods run revision "+w.read().Status.Config.Revision, "ResourcesApplied says")
	w.await(v1alpha1.ReadyCondition, metav1.ConditionFalse, v1alpha1.ReasonInvalidSettings)
	w.await(v1alpha1.AvailableCondition, metav1.ConditionTrue, v1alpha1.ReasonAvailable)

	w.clock.advance(61 * 24 * time.Hour)
	w.edit(func(s *v1alpha1.AuthRealmSpec) { s.Replicas = ptr[int32](3) })
	eventually.Succeeds(t, func(context.Context) error {
		d := &appsv1.Deployment{}
		w.get(d, "staff")
		if w.certificate("staff-tls").Equal(certificate) || *d.Spec.Replicas != 3 {
			return fmt.Errorf("the certificate was not renewed, or there are %d replicas", *d.Spec.Replicas)
		}
		return nil
	})
	if after := w.settings(); !reflect.DeepEqual(before, after) {
		t.Errorf("the settings became %+v", after)
	}

	w.edit(codeMail("The code is {{.Code}}"))
	w.create(serverPod("staff-2"))
	w.runDeployment("staff", 3)
	w.await(v1alpha1.ReadyCondition, metav1.ConditionTrue, v1alpha1.ReasonReady)
	if got := w.settings().Email.Templates["code"].Text; got != "The code is {{.Code}}" {
		t.Errorf("the mail says %q", got)
	}
}

func TestSettingsThatNoAuthServerTakesStartNoPods(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.realm(codeMail("Your code is {{.Kode}}"))
	w.await(v1alpha1.ResourcesAppliedCondition, metav1.ConditionFalse, v1alpha1.ReasonInvalidSettings, "Kode")
	w.await(v1alpha1.AvailableCondition, metav1.ConditionFalse, v1alpha1.ReasonBlocked)
	w.awaitObject(&appsv1.StatefulSet{}, "staff-database")
	w.wantGone(&appsv1.Deployment{}, "staff")
	w.edit(codeMail("Your code is {{.Code}}"))
	w.ready(2)
}

func TestSecretsOfTheUserAreMountedAndNeverCopied(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.create(&corev1.Secret{ObjectMeta: metav1.ObjectMeta{Name: "smtp"}, StringData: map[string]string{"username": "me", "password": "hunter2"}})
	w.realm(func(s *v1alpha1.AuthRealmSpec) {
		s.Email = &v1alpha1.Email{From: "login@example.com", SMTP: v1alpha1.SMTP{
			Host: "smtp.example.com", CredentialsSecretRef: &v1alpha1.CredentialsSecretRef{Name: "smtp"},
		}}
	})
	w.ready(2)
	var list corev1.SecretList
	if err := w.List(t.Context(), &list, client.InNamespace(w.namespace)); err != nil {
		t.Fatal(err)
	}
	for _, s := range list.Items {
		for key, value := range s.Data {
			if s.Name != "smtp" && strings.Contains(string(value), "hunter2") {
				t.Errorf("the password stands in %s of Secret %s", key, s.Name)
			}
		}
	}
	d := &appsv1.Deployment{}
	w.get(d, "staff")
	for _, v := range d.Spec.Template.Spec.Volumes {
		if v.Name == "smtp" && v.Secret.SecretName == "smtp" && v.Secret.Optional != nil && *v.Secret.Optional {
			return
		}
	}
	t.Errorf("no volume is the Secret itself: %+v", d.Spec.Template.Spec.Volumes)
}
