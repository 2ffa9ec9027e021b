// SPDX-License-Identifier: Apache-2.0

package render

import (
	"cmp"
	"path"
	"strings"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	corev1ac "k8s.io/client-go/applyconfigurations/core/v1"

	"github.com/realmkeeper/realmkeeper/api/v1alpha1"
	"github.com/realmkeeper/realmkeeper/authserver/realmconfig"
)

// The settings of a realm that says nothing.
const (
	defaultAccessTokenLifetime  = time.Hour
	defaultRefreshTokenLifetime = 7 * 24 * time.Hour
	defaultRefreshGracePeriod   = 10 * time.Second
	defaultJWKSMaxAge           = 5 * time.Minute
	defaultLockoutFailures      = 5
	defaultLockoutDuration      = 15 * time.Minute
	defaultBcryptCost           = 12
	defaultSourceFailures       = 100
	defaultMinPasswordLength    = 8
	defaultResetTokenLifetime   = time.Hour
	defaultVerificationLifetime = 24 * time.Hour
	defaultChallengeLifetime    = 5 * time.Minute
	defaultAuditRetention       = 90 * 24 * time.Hour
	defaultRequestsPerMinute    = 120
	defaultSamplePercent        = 100
	defaultEmailTimeout         = 30 * time.Second
	defaultSMSTimeout           = 10 * time.Second
	defaultTwilioURL            = "https://api.twilio.com"
)

// Config translates a realm's spec, and the providers it was given, into what its
// auth server is told.
func Config(in Inputs) realmconfig.Config {
	realm := in.Realm
	config := realmconfig.Config{
		Version:      realmconfig.Version,
		Realm:        realm.Namespace + "/" + realm.Name,
		Issuer:       realm.Spec.Issuer,
		Tokens:       tokens(realm),
		Login:        login(valueOr(realm.Spec.Login, v1alpha1.Login{})),
		Passwords:    passwords(valueOr(realm.Spec.Passwords, v1alpha1.Passwords{})),
		Registration: registration(valueOr(realm.Spec.Registration, v1alpha1.Registration{})),
		ForwardAuth:  forwardAuth(valueOr(realm.Spec.ForwardAuth, v1alpha1.ForwardAuth{})),
		TwoFactor:    twoFactor(realm),
		Email:        email(realm),
		SMS:          sms(realm.Spec.SMS),
		Browser:      browser(realm),
		UI:           ui(in),
		Network:      network(valueOr(realm.Spec.Network, v1alpha1.Network{})),
		Audit: realmconfig.Audit{
			Retention: durationOr(valueOr(realm.Spec.Audit, v1alpha1.Audit{}).Retention, defaultAuditRetention),
		},
		Tracing: tracing(realm.Spec.Tracing),
	}
	for _, p := range in.Providers {
		config.Providers = append(config.Providers, ProviderSettings(p.Object, p.Callback))
	}
	return config
}

func tokens(realm *v1alpha1.AuthRealm) realmconfig.Tokens {
	t := valueOr(realm.Spec.Tokens, v1alpha1.Tokens{})
	audience := t.Audience
	if len(audience) == 0 {
		audience = []string{realm.Spec.Issuer}
	}
	return realmconfig.Tokens{
		Audience:             audience,
		AccessTokenLifetime:  durationOr(t.AccessTokenLifetime, defaultAccessTokenLifetime),
		RefreshTokenLifetime: durationOr(t.RefreshTokenLifetime, defaultRefreshTokenLifetime),
		RefreshGracePeriod:   durationOr(t.RefreshGracePeriod, defaultRefreshGracePeriod),
		JWKSMaxAge:           durationOr(valueOr(realm.Spec.SigningKeys, v1alpha1.SigningKeys{}).JWKSMaxAge, defaultJWKSMaxAge),
		SessionsNotBefore:    timeOrNil(t.SessionsNotBefore),
	}
}

func login(l v1alpha1.Login) realmconfig.Login {
	lockout := valueOr(l.Lockout, v1alpha1.Lockout{})
	return realmconfig.Login{
		UnknownUser: realmconfig.UnknownUser(cmp.Or(l.UnknownUser, v1alpha1.RevealUnknownUser)),
		Lockout: realmconfig.Lockout{
			Failures:       int(valueOr(lockout.Failures, defaultLockoutFailures)),
			Duration:       durationOr(lockout.Duration, defaultLockoutDuration),
			SourceFailures: int(valueOr(lockout.SourceFailures, defaultSourceFailures)),
		},
	}
}

func passwords(p v1alpha1.Passwords) realmconfig.Passwords {
	return realmconfig.Passwords{
		BcryptCost:         int(valueOr(p.BcryptCost, defaultBcryptCost)),
		MinLength:          int(valueOr(p.MinLength, defaultMinPasswordLength)),
		AllowCommon:        p.AllowCommon,
		ResetTokenLifetime: durationOr(p.ResetTokenLifetime, defaultResetTokenLifetime),
	}
}

// registration takes Optional for a realm that is Open since before it had to say
// what becomes of addresses.
func registration(r v1alpha1.Registration) realmconfig.Registration {
	return realmconfig.Registration{
		Mode:                 realmconfig.RegistrationMode(cmp.Or(r.Mode, v1alpha1.ClosedRegistration)),
		EmailVerification:    realmconfig.Verification(cmp.Or(r.EmailVerification, v1alpha1.EmailVerificationOptional)),
		VerificationLifetime: durationOr(r.VerificationLifetime, defaultVerificationLifetime),
	}
}

func forwardAuth(f v1alpha1.ForwardAuth) realmconfig.ForwardAuth {
	return realmconfig.ForwardAuth{UnverifiedEmail: realmconfig.UnverifiedEmail(f.UnverifiedEmail)}
}

func twoFactor(realm *v1alpha1.AuthRealm) realmconfig.TwoFactor {
	t := valueOr(realm.Spec.TwoFactor, v1alpha1.TwoFactor{})
	return realmconfig.TwoFactor{
		// An authenticator app would part a label at its colon.
		Label:             cmp.Or(t.Label, strings.ReplaceAll(displayName(realm), ":", "")),
		Failures:          int(valueOr(t.Failures, defaultLockoutFailures)),
		Duration:          durationOr(t.Duration, defaultLockoutDuration),
		ChallengeLifetime: durationOr(t.ChallengeLifetime, defaultChallengeLifetime),
	}
}

func browser(realm *v1alpha1.AuthRealm) realmconfig.Browser {
	ui := valueOr(realm.Spec.UI, v1alpha1.UI{})
	b := realmconfig.Browser{
		AllowedOrigins:   valueOr(realm.Spec.CORS, v1alpha1.CORS{}).AllowedOrigins,
		ResetPasswordURL: cmp.Or(string(ui.ResetPasswordURL), realm.Spec.Issuer+"/reset/{token}"),
		VerifyEmailURL:   cmp.Or(string(ui.VerifyEmailURL), realm.Spec.Issuer+"/verify-email/{token}"),
	}
	for _, u := range ui.ReturnURLs {
		b.ReturnURLs = append(b.ReturnURLs, string(u))
	}
	return b
}

func network(n v1alpha1.Network) realmconfig.Network {
	return realmconfig.Network{
		TrustedProxies:    n.TrustedProxies,
		RequestsPerMinute: int(valueOr(n.RequestsPerMinute, defaultRequestsPerMinute)),
	}
}

func tracing(t *v1alpha1.Tracing) *realmconfig.Tracing {
	if t == nil {
		return nil
	}
	return &realmconfig.Tracing{
		Endpoint:             string(t.Endpoint),
		SamplePercent:        int(valueOr(t.SamplePercent, defaultSamplePercent)),
		AllowPrivateNetworks: t.AllowPrivateNetworks,
	}
}

// displayName is what users know the realm by.
func displayName(realm *v1alpha1.AuthRealm) string {
	return cmp.Or(valueOr(realm.Spec.UI, v1alpha1.UI{}).DisplayName, realm.Name)
}

// ConfigDocument is Config as the pods read it, and its revision.
func ConfigDocument(in Inputs) (document []byte, revision string, err error) {
	document, err = realmconfig.Encode(Config(in))
	if err != nil {
		return nil, "", err
	}
	return document, realmconfig.Revision(document), nil
}

func configMap(in Inputs) (*corev1ac.ConfigMapApplyConfiguration, error) {
	document, _, err := ConfigDocument(in)
	if err != nil {
		return nil, err
	}
	return corev1ac.ConfigMap(NamesOf(in.Realm).Config(), in.Realm.Namespace).
		WithLabels(labels(in.Realm, server)).
		WithOwnerReferences(owner(in.Realm)).
		WithData(map[string]string{path.Base(realmconfig.ConfigFile): string(document)}), nil
}

func timeOrNil(t *metav1.Time) *time.Time {
	if t == nil {
		return nil
	}
	utc := t.UTC()
	return &utc
}

func durationOr(d *metav1.Duration, otherwise time.Duration) realmconfig.Duration {
	if d == nil {
		return realmconfig.Duration(otherwise)
	}
	return realmconfig.Duration(d.Duration)
}
