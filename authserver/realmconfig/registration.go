// SPDX-License-Identifier: Apache-2.0

package realmconfig

import "time"

// RegistrationMode says who may make an account.
type RegistrationMode string

const (
	// Open lets anybody register.
	Open RegistrationMode = "Open"
	// Closed leaves it to admins and to providers with SignUp.
	Closed RegistrationMode = "Closed"
)

// Verification says what an address must prove before its owner may log in.
type Verification string

const (
	// VerificationRequired refuses logins until the address is verified.
	VerificationRequired Verification = "Required"
	// VerificationOptional sends the mail and waits for nothing.
	VerificationOptional Verification = "Optional"
)

// PasskeyRegistration says whether people may make an account with a passkey and no password.
type PasskeyRegistration string

const (
	// PasskeyRegistrationRefused has everybody choose a password.
	PasskeyRegistrationRefused PasskeyRegistration = "Refused"
	// PasskeyRegistrationAllowed mails a link, behind which they set up a passkey or choose a
	// password.
	PasskeyRegistrationAllowed PasskeyRegistration = "Allowed"
	// PasskeyRegistrationOnly mails a link, behind which they set up a passkey. Nobody is given
	// a first password; those who have one keep it.
	PasskeyRegistrationOnly PasskeyRegistration = "Only"
)

// Registration says how accounts come to be.
type Registration struct {
	// Mode is Closed by default.
	Mode RegistrationMode `json:"mode"`
	// EmailVerification is Optional by default; Required needs Email.
	EmailVerification Verification `json:"emailVerification"`
	// VerificationLifetime is how long the link of a verification mail works: 1m
	// to 720h, which is 30 days, 24h by default.
	VerificationLifetime Duration `json:"verificationLifetime"`
	// Passkeys is empty by default, which means Refused; the others need Passkeys of the
	// realm, and Email.
	Passkeys PasskeyRegistration `json:"passkeys,omitempty"`
}

// OffersPasskeys reports whether people may begin with a passkey.
func (r Registration) OffersPasskeys() bool {
	return r.Passkeys == PasskeyRegistrationAllowed || r.Passkeys == PasskeyRegistrationOnly
}

// OffersPasswords reports whether people who have no password may be given one.
func (r Registration) OffersPasswords() bool { return r.Passkeys != PasskeyRegistrationOnly }

func (r Registration) validate(p *problems, email *Email, passkeys *Passkeys) {
	if r.Passkeys != "" {
		oneOf(p, "registration.passkeys", r.Passkeys, PasskeyRegistrationRefused, PasskeyRegistrationAllowed, PasskeyRegistrationOnly)
	}
	p.check(!r.OffersPasskeys() || passkeys != nil, "registration.passkeys: %s needs passkeys", r.Passkeys)
	p.check(!r.OffersPasskeys() || email != nil, "registration.passkeys: %s needs email", r.Passkeys)
	oneOf(p, "registration.mode", r.Mode, Open, Closed)
	oneOf(p, "registration.emailVerification", r.EmailVerification, VerificationRequired, VerificationOptional)
	p.check(r.EmailVerification != VerificationRequired || email != nil,
		"registration.emailVerification: %s needs email", VerificationRequired)
	p.duration("registration.verificationLifetime", r.VerificationLifetime, time.Minute, 30*24*time.Hour)
}
