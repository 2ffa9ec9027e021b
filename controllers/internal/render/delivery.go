// SPDX-License-Identifier: Apache-2.0

package render

import (
	"cmp"
	"slices"

	corev1 "k8s.io/api/core/v1"

	"github.com/realmkeeper/realmkeeper/api/v1alpha1"
	"github.com/realmkeeper/realmkeeper/authserver/realmconfig"
)

// The keys of Secrets that name none.
const (
	defaultTwilioKey  = "authToken"
	defaultWebhookKey = "signingSecret"
)

// DeliverySecret is a Secret of the user's that mail or text messages need. It
// is mounted where it is, and the server starts without.
type DeliverySecret struct {
	// Field of the spec that names the Secret.
	Field string
	Name  string
	files []file
}

// Keys of the Secret's data that are read.
func (s DeliverySecret) Keys() []string {
	var keys []string
	for _, f := range s.files {
		keys = append(keys, f.key)
	}
	return keys
}

// Holds reports whether the Secret is the source of one of the contract's files.
func (s DeliverySecret) Holds(contractFile string) bool { return s.files[0].path == contractFile }

// Fill sets what pods read of the Secret with this data.
func (s DeliverySecret) Fill(c *realmconfig.Credentials, data map[string][]byte) {
	read := map[string]*realmconfig.Credential{
		realmconfig.SMTPUsernameFile: &c.SMTPUsername,
		realmconfig.SMTPPasswordFile: &c.SMTPPassword,
		realmconfig.SMTPCAFile:       &c.SMTPCA,
		realmconfig.SMSSecretFile:    &c.SMS,
	}
	for _, f := range s.files {
		*read[f.path] = realmconfig.NewCredential(data[f.key])
	}
}

// DeliverySecrets are those that the realm's spec names.
func DeliverySecrets(realm *v1alpha1.AuthRealm) []DeliverySecret {
	var all []DeliverySecret
	if realm.Spec.Email != nil {
		if ref := realm.Spec.Email.SMTP.CredentialsSecretRef; ref != nil {
			all = append(all, DeliverySecret{"email.smtp.credentialsSecretRef", ref.Name, []file{
				{cmp.Or(ref.UsernameKey, corev1.BasicAuthUsernameKey), realmconfig.SMTPUsernameFile},
				{cmp.Or(ref.PasswordKey, corev1.BasicAuthPasswordKey), realmconfig.SMTPPasswordFile},
			}})
		}
		if ref := realm.Spec.Email.SMTP.CASecretRef; ref != nil {
			all = append(all, DeliverySecret{"email.smtp.caSecretRef", ref.Name, []file{
				{cmp.Or(ref.Key, CABundleKey), realmconfig.SMTPCAFile},
			}})
		}
	}
	switch s := realm.Spec.SMS; {
	case s == nil:
	case s.Twilio != nil:
		ref := s.Twilio.AuthTokenSecretRef
		all = append(all, DeliverySecret{"sms.twilio.authTokenSecretRef", ref.Name, []file{
			{cmp.Or(ref.Key, defaultTwilioKey), realmconfig.SMSSecretFile},
		}})
	default:
		ref := s.Webhook.SigningSecretRef
		all = append(all, DeliverySecret{"sms.webhook.signingSecretRef", ref.Name, []file{
			{cmp.Or(ref.Key, defaultWebhookKey), realmconfig.SMSSecretFile},
		}})
	}
	return all
}

// mountedDelivery are the DeliverySecrets that pods may read.
func mountedDelivery(in Inputs) []DeliverySecret {
	return slices.DeleteFunc(DeliverySecrets(in.Realm), func(s DeliverySecret) bool { return slices.Contains(in.Unmounted, s.Field) })
}

// email is nil where the realm cannot send any.
func email(realm *v1alpha1.AuthRealm) *realmconfig.Email {
	spec := realm.Spec.Email
	if spec == nil {
		return nil
	}
	absent := realmconfig.DefaultEmail()
	security := cmp.Or(realmconfig.TransportSecurity(spec.SMTP.Security), absent.Security)
	e := &realmconfig.Email{
		From:                 spec.From,
		Host:                 spec.SMTP.Host,
		Port:                 intOr(spec.SMTP.Port, security.Port()),
		Security:             security,
		AllowPrivateNetworks: spec.SMTP.AllowPrivateNetworks,
		Timeout:              durationOr(spec.Timeout, absent.Timeout),
		Product:              displayName(realm),
		MessagesPerHour:      intOr(spec.MessagesPerHour, absent.MessagesPerHour),
		SupportURL:           string(cmp.Or(spec.SupportURL, valueOr(realm.Spec.UI, v1alpha1.UI{}).SupportURL)),
	}
	for name, t := range spec.Templates {
		if e.Templates == nil {
			e.Templates = map[string]realmconfig.EmailTemplate{}
		}
		e.Templates[name] = realmconfig.EmailTemplate(t)
	}
	return e
}

// sms is nil where the realm cannot send any.
func sms(spec *v1alpha1.SMS) *realmconfig.SMS {
	if spec == nil {
		return nil
	}
	absent := realmconfig.DefaultSMS()
	s := &realmconfig.SMS{
		Timeout:              durationOr(spec.Timeout, absent.Timeout),
		MessagesPerHour:      intOr(spec.MessagesPerHour, absent.MessagesPerHour),
		AllowPrivateNetworks: spec.AllowPrivateNetworks,
	}
	if t := spec.Twilio; t != nil {
		s.Kind, s.URL = realmconfig.Twilio, cmp.Or(string(t.URL), realmconfig.TwilioURL)
		s.AccountSID, s.From = t.AccountSID, t.From
		return s
	}
	s.Kind, s.URL = realmconfig.Webhook, string(spec.Webhook.URL)
	return s
}
