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
	Mode              RegistrationMode `json:"mode"`
	EmailVerification Verification     `json:"emailVerification"`
	// VerificationLifetime is how long the link of a verification mail works.
	VerificationLifetime Duration `json:"verificationLifetime"`
}

func (r Registration) validate(p *problems, email *Email) {
	p.check(r.Mode == Open || r.Mode == Closed, "registration.mode: must be %s or %s", Open, Closed)
	p.check(r.EmailVerification == VerificationRequired || r.EmailVerification == VerificationOptional,
		"registration.emailVerification: must be %s or %s", VerificationRequired, VerificationOptional)
	p.check(r.EmailVerification != VerificationRequired || email != nil,
		"registration.emailVerification: %s needs email", VerificationRequired)
	p.between("registration.verificationLifetime", r.VerificationLifetime, time.Minute, 30*24*time.Hour)
}

// UnverifiedEmail says what becomes of an address that nobody has proved.
type UnverifiedEmail string

const (
	// OmitUnverified leaves it out, also when nothing is said.
	OmitUnverified UnverifiedEmail = "Omit"
	// SendUnverified sends it, and that it is not proved.
	SendUnverified UnverifiedEmail = "Send"
)

// ForwardAuth says what gateways are told of whoever sends a request.
type ForwardAuth struct {
	UnverifiedEmail UnverifiedEmail `json:"unverifiedEmail,omitempty"`
}

func (f ForwardAuth) validate(p *problems) {
	p.check(f.UnverifiedEmail == "" || f.UnverifiedEmail == OmitUnverified || f.UnverifiedEmail == SendUnverified,
		"forwardAuth.unverifiedEmail: must be %s or %s", OmitUnverified, SendUnverified)
}

// TwoFactor says how second factors behave.
type TwoFactor struct {
	// Label is the realm's name in an authenticator app.
	Label string `json:"label"`
	// Failures wrong codes refuse further ones for Duration, apart from the
	// failures of passwords.
	Failures int      `json:"failures"`
	Duration Duration `json:"duration"`
	// ChallengeLifetime is how long a login may wait for its code.
	ChallengeLifetime Duration `json:"challengeLifetime"`
}

func (t TwoFactor) validate(p *problems) {
	p.check(t.Label != "" && len(t.Label) <= 64, "twoFactor.label: must be 1 to 64 bytes")
	p.check(t.Failures >= 1 && t.Failures <= 100, "twoFactor.failures: must be 1 to 100")
	p.between("twoFactor.duration", t.Duration, time.Second, 24*time.Hour)
	p.between("twoFactor.challengeLifetime", t.ChallengeLifetime, time.Minute, time.Hour)
}
