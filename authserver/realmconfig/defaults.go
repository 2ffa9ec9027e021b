// SPDX-License-Identifier: Apache-2.0

package realmconfig

import (
	"path"
	"time"
)

// Defaults are the settings of a realm that says nothing but its issuer. What a
// realm must ask for is absent: for what is not said of it, see DefaultEmail,
// DefaultSMS, DefaultClientRegistration, DefaultPersonalAccessTokens, DefaultRecovery, DefaultRequiredFactors,
// DefaultExistingPasswords, DefaultTracing and DefaultProvider.
//
// Realm is the namespace and name of the AuthRealm, "identity/quickstart". The
// settings are valid wherever the issuer is.
func Defaults(realm, issuer string) Config {
	name := path.Base(realm)
	return Config{
		Version: Version,
		Realm:   realm,
		Issuer:  issuer,
		Tokens: Tokens{
			Audience:             []string{issuer},
			AccessTokenLifetime:  Duration(time.Hour),
			RefreshTokenLifetime: Duration(7 * 24 * time.Hour),
			RefreshGracePeriod:   Duration(10 * time.Second),
			JWKSMaxAge:           Duration(5 * time.Minute),
		},
		Login: Login{
			UnknownUser: Reveal,
			Lockout:     Lockout{Failures: 5, Duration: Duration(15 * time.Minute), SourceFailures: 100},
		},
		Passwords: Passwords{
			BcryptCost:         12,
			MinLength:          8,
			ResetTokenLifetime: Duration(time.Hour),
		},
		Registration: Registration{
			Mode:                 Closed,
			EmailVerification:    VerificationOptional,
			VerificationLifetime: Duration(24 * time.Hour),
		},
		TwoFactor: TwoFactor{
			Label:             name,
			Failures:          5,
			Duration:          Duration(15 * time.Minute),
			ChallengeLifetime: Duration(5 * time.Minute),
		},
		Browser: Browser{
			ResetPasswordURL: issuer + "/reset/{token}",
			VerifyEmailURL:   issuer + "/verify-email/{token}",
		},
		UI:      UI{DisplayName: name, Languages: Languages()},
		Network: Network{RequestsPerMinute: 120},
		Audit:   Audit{Retention: Duration(90 * 24 * time.Hour)},
	}
}

// DefaultEmail is what a realm that sends mail need not say of it. The port goes
// with the security: see TransportSecurity.Port.
func DefaultEmail() Email {
	return Email{Port: StartTLS.Port(), Security: StartTLS, Timeout: Duration(30 * time.Second), MessagesPerHour: 5000}
}

// DefaultSMS is what a realm that sends text messages need not say of it.
func DefaultSMS() SMS { return SMS{Timeout: Duration(10 * time.Second), MessagesPerHour: 1000} }

// DefaultPersonalAccessTokens is what a realm that lets people make tokens need not say of
// them.
func DefaultPersonalAccessTokens() PersonalAccessTokens {
	return PersonalAccessTokens{MaxLifetime: Duration(90 * 24 * time.Hour)}
}

// DefaultRecovery is what a realm need not say of people who have lost their way in.
func DefaultRecovery() Recovery { return Recovery{Wait: Duration(24 * time.Hour)} }

// DefaultTracing is what a realm that is traced need not say of it.
func DefaultTracing() Tracing { return Tracing{SamplePercent: 100} }

// DefaultProvider is what a realm need not say of a provider.
func DefaultProvider() Provider { return Provider{SignUp: true} }
