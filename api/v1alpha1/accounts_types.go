// SPDX-License-Identifier: Apache-2.0

package v1alpha1

import metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

// RegistrationMode says who may make an account.
//
// +kubebuilder:validation:Enum=Open;Closed
type RegistrationMode string

const (
	// OpenRegistration lets anybody register.
	OpenRegistration RegistrationMode = "Open"
	// ClosedRegistration leaves it to admins and to OAuthProviders with signUp.
	ClosedRegistration RegistrationMode = "Closed"
)

// EmailVerification says what an address must prove before its owner may log in.
//
// +kubebuilder:validation:Enum=Required;Optional
type EmailVerification string

const (
	// EmailVerificationRequired refuses logins until the address is verified.
	EmailVerificationRequired EmailVerification = "Required"
	// EmailVerificationOptional sends the mail and waits for nothing.
	EmailVerificationOptional EmailVerification = "Optional"
)

// PasskeyRegistration says whether people may make an account with a passkey and no password.
//
// +kubebuilder:validation:Enum=Refused;Allowed;Only
type PasskeyRegistration string

const (
	// RefusedPasskeyRegistration has everybody choose a password.
	RefusedPasskeyRegistration PasskeyRegistration = "Refused"
	// AllowedPasskeyRegistration mails a link, behind which they set up a passkey or choose a
	// password.
	AllowedPasskeyRegistration PasskeyRegistration = "Allowed"
	// OnlyPasskeyRegistration mails a link, behind which they set up a passkey.
	OnlyPasskeyRegistration PasskeyRegistration = "Only"
)

// Registration says how accounts come to be. A realm that was Open before
// emailVerification had to be said may go on without it.
//
// +kubebuilder:validation:MinProperties=1
// +kubebuilder:validation:XValidation:rule="!has(self.mode) || self.mode != 'Open' || has(self.emailVerification) || (oldSelf.hasValue() && has(oldSelf.value().mode) && oldSelf.value().mode == 'Open' && !has(oldSelf.value().emailVerification))",optionalOldSelf=true,message="mode Open must say its emailVerification: Required (nobody signs in before they have followed the link that is mailed to their address) or Optional (anybody signs in at once, with an address that may be somebody else's)"
type Registration struct {
	// mode is Open (anybody may register) or Closed (also when absent: admins
	// and OAuthProviders with signUp make accounts).
	// +optional
	Mode RegistrationMode `json:"mode,omitempty"`

	// emailVerification is Required (no login before the address is verified) or
	// Optional (the mail is sent and nothing waits for it). Where mode is Open, it
	// must be said; it is Optional when absent elsewhere.
	// +optional
	EmailVerification EmailVerification `json:"emailVerification,omitempty"`

	// verificationLifetime is how long the link of a verification mail works,
	// such as 72h; 24h when absent.
	// +optional
	// +realmkeeper:validation:Duration:example="24h",min="1m",max="720h",which="30 days"
	VerificationLifetime *metav1.Duration `json:"verificationLifetime,omitempty"`

	// passkeys is Allowed (whoever registers is mailed a link, behind which they set up a
	// passkey or choose a password), Only (they set up a passkey, and nobody is given a first
	// password; those who have one keep it) or Refused (also when absent: everybody chooses a
	// password). The first two need passkeys and email.
	// +optional
	Passkeys PasskeyRegistration `json:"passkeys,omitempty"`
}

// Recovery gives people a way in again who have no password, and have lost the passkey or the
// provider that they sign in with: by mail, after a wait in which their owner may object.
//
// +kubebuilder:validation:MinProperties=1
type Recovery struct {
	// wait is how long whoever reads the mail of an account waits before they may set up
	// another way in, such as 72h; 24h when absent. The owner is told by mail when it begins,
	// and may cancel. With 0s a mailbox is enough, as it is for people with a password.
	// +optional
	// +realmkeeper:validation:Duration:example="24h",min="1m",max="720h",which="30 days",zero="no wait"
	Wait *metav1.Duration `json:"wait,omitempty"`
}

// UnverifiedEmail says what becomes of an address that nobody has proved.
//
// +kubebuilder:validation:Enum=Omit;Send
type UnverifiedEmail string

const (
	// OmitUnverifiedEmail leaves X-Auth-Email empty until the address is proved.
	OmitUnverifiedEmail UnverifiedEmail = "Omit"
	// SendUnverifiedEmail sends any address, with X-Auth-Email-Verified beside it.
	SendUnverifiedEmail UnverifiedEmail = "Send"
)

// ForwardAuth says what gateways are told of whoever sends a request.
//
// +kubebuilder:validation:MinProperties=1
type ForwardAuth struct {
	// unverifiedEmail is Omit (also when absent: X-Auth-Email is empty until the
	// address is proved) or Send (for applications that look at
	// X-Auth-Email-Verified, too).
	// +optional
	UnverifiedEmail UnverifiedEmail `json:"unverifiedEmail,omitempty"`
}

// TwoFactor says how second factors behave.
//
// +kubebuilder:validation:MinProperties=1
type TwoFactor struct {
	// label is the realm's name in an authenticator app; ui.displayName, or else
	// the realm's own name, when absent.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=64
	// +kubebuilder:validation:XValidation:rule="size(bytes(self)) <= 64",message="label may have at most 64 bytes"
	// +kubebuilder:validation:XValidation:rule="!self.contains(':')",message="label must have no ':', where authenticator apps part it from the account"
	Label string `json:"label,omitempty"`

	// failures is how many wrong codes in a row refuse further ones; 5 when
	// absent. They are counted apart from the failures of passwords.
	// +optional
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=100
	Failures *int32 `json:"failures,omitempty"`

	// duration is for how long codes are refused then, such as 5m; 15m when absent.
	// +optional
	// +realmkeeper:validation:Duration:example="15m",min="1s",max="24h"
	Duration *metav1.Duration `json:"duration,omitempty"`

	// challengeLifetime is how long a login may wait for its code, such as 10m;
	// 5m when absent.
	// +optional
	// +realmkeeper:validation:Duration:example="5m",min="1m",max="1h"
	ChallengeLifetime *metav1.Duration `json:"challengeLifetime,omitempty"`

	// required says who must have a second factor; nobody must when absent.
	// +optional
	Required *RequiredFactors `json:"required,omitempty"`
}
