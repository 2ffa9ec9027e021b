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

// Config translates a realm's spec, and the providers it was given, into what its
// auth server is told.
func Config(in Inputs) realmconfig.Config {
	realm := in.Realm
	config := realmconfig.Defaults(realm.Namespace+"/"+realm.Name, realm.Spec.Issuer)
	config.Tokens = tokens(realm, config.Tokens)
	config.Login = login(valueOr(realm.Spec.Login, v1alpha1.Login{}), config.Login)
	config.Passwords = passwords(realm, config.Passwords)
	config.Registration = registration(valueOr(realm.Spec.Registration, v1alpha1.Registration{}), config.Registration)
	config.ForwardAuth = forwardAuth(valueOr(realm.Spec.ForwardAuth, v1alpha1.ForwardAuth{}), config.ForwardAuth)
	config.TwoFactor = twoFactor(realm, config.TwoFactor)
	config.Passkeys = passkeys(realm.Spec.Passkeys)
	config.Recovery = recovery(realm.Spec.Recovery)
	config.Email = email(realm)
	config.SMS = sms(realm.Spec.SMS)
	config.Clients = clients(in)
	config.Administration = administration(realm.Spec.Administration)
	config.Claims = Claims(realm.Spec.Claims)
	if in.KeepsClaims {
		config.Claims = in.LastClaims
	}
	config.PersonalAccessTokens = personalAccessTokens(realm.Spec.PersonalAccessTokens)
	config.Browser = browser(realm, config.Browser)
	config.UI = ui(in, config.UI)
	config.Network = network(valueOr(realm.Spec.Network, v1alpha1.Network{}), config.Network)
	config.Audit = audit(valueOr(realm.Spec.Audit, v1alpha1.Audit{}), config.Audit)
	config.Tracing = tracing(realm.Spec.Tracing)
	for _, p := range in.Providers {
		config.Providers = append(config.Providers, p.Settings())
	}
	return config
}

func tokens(realm *v1alpha1.AuthRealm, absent realmconfig.Tokens) realmconfig.Tokens {
	t := valueOr(realm.Spec.Tokens, v1alpha1.Tokens{})
	return realmconfig.Tokens{
		Audience:             listOr(t.Audience, absent.Audience),
		AccessTokenLifetime:  durationOr(t.AccessTokenLifetime, absent.AccessTokenLifetime),
		RefreshTokenLifetime: durationOr(t.RefreshTokenLifetime, absent.RefreshTokenLifetime),
		RefreshGracePeriod:   durationOr(t.RefreshGracePeriod, absent.RefreshGracePeriod),
		JWKSMaxAge:           durationOr(valueOr(realm.Spec.SigningKeys, v1alpha1.SigningKeys{}).JWKSMaxAge, absent.JWKSMaxAge),
		SessionsNotBefore:    timeOrNil(t.SessionsNotBefore),
	}
}

func login(l v1alpha1.Login, absent realmconfig.Login) realmconfig.Login {
	lockout := valueOr(l.Lockout, v1alpha1.Lockout{})
	return realmconfig.Login{
		UnknownUser: cmp.Or(realmconfig.UnknownUser(l.UnknownUser), absent.UnknownUser),
		MailCode:    cmp.Or(realmconfig.MailCode(l.MailCode), absent.MailCode),
		Lockout: realmconfig.Lockout{
			Failures:       intOr(lockout.Failures, absent.Lockout.Failures),
			Duration:       durationOr(lockout.Duration, absent.Lockout.Duration),
			SourceFailures: intOr(lockout.SourceFailures, absent.Lockout.SourceFailures),
		},
	}
}

func passwords(realm *v1alpha1.AuthRealm, absent realmconfig.Passwords) realmconfig.Passwords {
	p := valueOr(realm.Spec.Passwords, v1alpha1.Passwords{})
	return realmconfig.Passwords{
		BcryptCost:         intOr(p.BcryptCost, absent.BcryptCost),
		Engine:             realmconfig.PasswordEngine(p.Engine),
		MinLength:          intOr(p.MinLength, absent.MinLength),
		AllowCommon:        p.AllowCommon,
		ResetTokenLifetime: durationOr(p.ResetTokenLifetime, absent.ResetTokenLifetime),
		Existing:           ExistingPasswords(realm),
	}
}

// registration takes the default for a realm that is Open since before it had to
// say what becomes of addresses.
func registration(r v1alpha1.Registration, absent realmconfig.Registration) realmconfig.Registration {
	return realmconfig.Registration{
		Mode:                 cmp.Or(realmconfig.RegistrationMode(r.Mode), absent.Mode),
		EmailVerification:    cmp.Or(realmconfig.Verification(r.EmailVerification), absent.EmailVerification),
		VerificationLifetime: durationOr(r.VerificationLifetime, absent.VerificationLifetime),
		Passkeys:             cmp.Or(realmconfig.PasskeyRegistration(r.Passkeys), absent.Passkeys),
	}
}

func forwardAuth(f v1alpha1.ForwardAuth, absent realmconfig.ForwardAuth) realmconfig.ForwardAuth {
	return realmconfig.ForwardAuth{UnverifiedEmail: cmp.Or(realmconfig.UnverifiedEmail(f.UnverifiedEmail), absent.UnverifiedEmail)}
}

func twoFactor(realm *v1alpha1.AuthRealm, absent realmconfig.TwoFactor) realmconfig.TwoFactor {
	t := valueOr(realm.Spec.TwoFactor, v1alpha1.TwoFactor{})
	return realmconfig.TwoFactor{
		// An authenticator app would part a label at its colon.
		Label:             cmp.Or(t.Label, strings.ReplaceAll(displayName(realm), ":", "")),
		Failures:          intOr(t.Failures, absent.Failures),
		Duration:          durationOr(t.Duration, absent.Duration),
		ChallengeLifetime: durationOr(t.ChallengeLifetime, absent.ChallengeLifetime),
		Required:          RequiredFactors(realm),
	}
}

// passkeys is nil where nobody signs in with one.
func passkeys(p *v1alpha1.Passkeys) *realmconfig.Passkeys {
	if p == nil {
		return nil
	}
	return &realmconfig.Passkeys{RelatedOrigins: p.RelatedOrigins}
}

// recovery is nil where people wait as long as by default.
func recovery(r *v1alpha1.Recovery) *realmconfig.Recovery {
	if r == nil {
		return nil
	}
	return &realmconfig.Recovery{Wait: durationOr(r.Wait, realmconfig.DefaultRecovery().Wait)}
}

func browser(realm *v1alpha1.AuthRealm, absent realmconfig.Browser) realmconfig.Browser {
	ui := valueOr(realm.Spec.UI, v1alpha1.UI{})
	b := realmconfig.Browser{
		AllowedOrigins:   valueOr(realm.Spec.CORS, v1alpha1.CORS{}).AllowedOrigins,
		ResetPasswordURL: cmp.Or(string(ui.ResetPasswordURL), absent.ResetPasswordURL),
		VerifyEmailURL:   cmp.Or(string(ui.VerifyEmailURL), absent.VerifyEmailURL),
	}
	for _, u := range ui.ReturnURLs {
		b.ReturnURLs = append(b.ReturnURLs, string(u))
	}
	return b
}

func network(n v1alpha1.Network, absent realmconfig.Network) realmconfig.Network {
	return realmconfig.Network{
		TrustedProxies:    n.TrustedProxies,
		RequestsPerMinute: intOr(n.RequestsPerMinute, absent.RequestsPerMinute),
	}
}

func audit(a v1alpha1.Audit, absent realmconfig.Audit) realmconfig.Audit {
	return realmconfig.Audit{Retention: durationOr(a.Retention, absent.Retention)}
}

// tracing is nil where nothing is traced.
func tracing(t *v1alpha1.Tracing) *realmconfig.Tracing {
	if t == nil {
		return nil
	}
	return &realmconfig.Tracing{
		Endpoint:             string(t.Endpoint),
		SamplePercent:        intOr(t.SamplePercent, realmconfig.DefaultTracing().SamplePercent),
		AllowPrivateNetworks: t.AllowPrivateNetworks,
	}
}

// administration is nil where administrators may have signed in however they like.
func administration(a *v1alpha1.Administration) *realmconfig.Administration {
	if a == nil {
		return nil
	}
	return &realmconfig.Administration{ACR: string(a.ACR), MaxAge: durationOr(a.MaxAge, 0)}
}

// personalAccessTokens is nil where nobody may make any.
func personalAccessTokens(t *v1alpha1.PersonalAccessTokens) *realmconfig.PersonalAccessTokens {
	if t == nil {
		return nil
	}
	return &realmconfig.PersonalAccessTokens{MaxLifetime: durationOr(t.MaxLifetime, realmconfig.DefaultPersonalAccessTokens().MaxLifetime)}
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

func durationOr(d *metav1.Duration, otherwise realmconfig.Duration) realmconfig.Duration {
	if d == nil {
		return otherwise
	}
	return realmconfig.Duration(d.Duration)
}

func intOr(n *int32, otherwise int) int {
	if n == nil {
		return otherwise
	}
	return int(*n)
}

func listOr[T any](list, otherwise []T) []T {
	if len(list) == 0 {
		return otherwise
	}
	return list
}
