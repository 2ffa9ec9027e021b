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

// Registration says how accounts come to be.
type Registration struct {
	// Mode is Closed by default.
	Mode RegistrationMode `json:"mode"`
	// EmailVerification is Optional by default; Required needs Email.
	EmailVerification Verification `json:"emailVerification"`
	// VerificationLifetime is how long the link of a verification mail works: 1m
	// to 720h, which is 30 days, 24h by default.
	VerificationLifetime Duration `json:"verificationLifetime"`
}

func (r Registration) validate(p *problems, email *Email) {
	oneOf(p, "registration.mode", r.Mode, Open, Closed)
	oneOf(p, "registration.emailVerification", r.EmailVerification, VerificationRequired, VerificationOptional)
	p.check(r.EmailVerification != VerificationRequired || email != nil,
		"registration.emailVerification: %s needs email", VerificationRequired)
	p.duration("registration.verificationLifetime", r.VerificationLifetime, time.Minute, 30*24*time.Hour)
}
