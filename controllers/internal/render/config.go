// SPDX-License-Identifier: Apache-2.0

package render

import (
	"path"
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
)

// Config translates a realm's spec into what its auth server is told.
func Config(realm *v1alpha1.AuthRealm) realmconfig.Config {
	tokens := valueOr(realm.Spec.Tokens, v1alpha1.Tokens{})
	login := valueOr(realm.Spec.Login, v1alpha1.Login{})
	lockout := valueOr(login.Lockout, v1alpha1.Lockout{})
	passwords := valueOr(realm.Spec.Passwords, v1alpha1.Passwords{})

	audience := tokens.Audience
	if len(audience) == 0 {
		audience = []string{realm.Spec.Issuer}
	}
	unknownUser := realmconfig.Reveal
	if login.UnknownUser == v1alpha1.ConcealUnknownUser {
		unknownUser = realmconfig.Conceal
	}
	return realmconfig.Config{
		Version: realmconfig.Version,
		Realm:   realm.Namespace + "/" + realm.Name,
		Issuer:  realm.Spec.Issuer,
		Tokens: realmconfig.Tokens{
			Audience:             audience,
			AccessTokenLifetime:  durationOr(tokens.AccessTokenLifetime, defaultAccessTokenLifetime),
			RefreshTokenLifetime: durationOr(tokens.RefreshTokenLifetime, defaultRefreshTokenLifetime),
			RefreshGracePeriod:   durationOr(tokens.RefreshGracePeriod, defaultRefreshGracePeriod),
			JWKSMaxAge:           realmconfig.Duration(defaultJWKSMaxAge),
		},
		Login: realmconfig.Login{
			UnknownUser: unknownUser,
			Lockout: realmconfig.Lockout{
				Failures: int(valueOr(lockout.Failures, defaultLockoutFailures)),
				Duration: durationOr(lockout.Duration, defaultLockoutDuration),

				SourceFailures: defaultSourceFailures,
			},
		},
		Passwords: realmconfig.Passwords{
			BcryptCost: int(valueOr(passwords.BcryptCost, defaultBcryptCost)), MinLength: defaultMinPasswordLength,
			ResetTokenLifetime: realmconfig.Duration(defaultResetTokenLifetime),
		},
		Registration: realmconfig.Registration{
			Mode: realmconfig.Closed, EmailVerification: realmconfig.VerificationOptional,
			VerificationLifetime: realmconfig.Duration(defaultVerificationLifetime),
		},
		TwoFactor: realmconfig.TwoFactor{
			Label: realm.Name, Failures: defaultLockoutFailures,
			Duration:          realmconfig.Duration(defaultLockoutDuration),
			ChallengeLifetime: realmconfig.Duration(defaultChallengeLifetime),
		},
		Browser: realmconfig.Browser{
			ResetPasswordURL: realm.Spec.Issuer + "/reset/{token}",
			VerifyEmailURL:   realm.Spec.Issuer + "/verify-email/{token}",
		},
		Network: realmconfig.Network{RequestsPerMinute: defaultRequestsPerMinute},
		Audit:   realmconfig.Audit{Retention: realmconfig.Duration(defaultAuditRetention)},
	}
}

// ConfigDocument is Config as the pods read it, and its revision.
func ConfigDocument(realm *v1alpha1.AuthRealm) (document []byte, revision string, err error) {
	document, err = realmconfig.Encode(Config(realm))
	if err != nil {
		return nil, "", err
	}
	return document, realmconfig.Revision(document), nil
}

func configMap(in Inputs) (*corev1ac.ConfigMapApplyConfiguration, error) {
	document, _, err := ConfigDocument(in.Realm)
	if err != nil {
		return nil, err
	}
	return corev1ac.ConfigMap(NamesOf(in.Realm).Config(), in.Realm.Namespace).
		WithLabels(labels(in.Realm, server)).
		WithOwnerReferences(owner(in.Realm)).
		WithData(map[string]string{path.Base(realmconfig.ConfigFile): string(document)}), nil
}

func durationOr(d *metav1.Duration, otherwise time.Duration) realmconfig.Duration {
	if d == nil {
		return realmconfig.Duration(otherwise)
	}
	return realmconfig.Duration(d.Duration)
}
