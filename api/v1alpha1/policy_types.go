// SPDX-License-Identifier: Apache-2.0

package v1alpha1

import metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

// SigningAlgorithm is a JWS algorithm (RFC 7518, RFC 8037).
//
// +kubebuilder:validation:Enum=ES256;RS256;EdDSA
type SigningAlgorithm string

const (
	ES256 SigningAlgorithm = "ES256"
	RS256 SigningAlgorithm = "RS256"
	EdDSA SigningAlgorithm = "EdDSA"
)

// SigningKeys says how tokens are signed.
type SigningKeys struct {
	// algorithm of the keys that sign access tokens: ES256 (also when absent), RS256
	// or EdDSA. Another one than the signing key's begins a rotation. ID tokens are
	// signed by keys of the algorithms that clients ask for, RS256 always among them.
	// +optional
	Algorithm SigningAlgorithm `json:"algorithm,omitempty"`

	// rotationInterval is how old a key becomes before its successor is made, such
	// as 720h; 2160h, which is 90 days, when absent. With 0s no key is replaced
	// because of its age.
	// +optional
	// +realmkeeper:validation:Duration:example="720h",min="1h",max="87600h",which="ten years",zero="never"
	RotationInterval *metav1.Duration `json:"rotationInterval,omitempty"`

	// rotateAfter replaces a signing key that was made before this time, such as
	// 2026-11-22T10:00:00Z. The time it is now asks for a rotation now, one that
	// lies ahead for a rotation then.
	// +optional
	RotateAfter *metav1.Time `json:"rotateAfter,omitempty"`

	// revoked are the ids of keys that are not to be trusted any more, as
	// status.signingKeys has them. Such a key is gone at once, with every token it
	// signed; a successor signs at once.
	// +optional
	// +listType=set
	// +kubebuilder:validation:MaxItems=64
	// +kubebuilder:validation:items:MinLength=1
	// +kubebuilder:validation:items:MaxLength=64
	// +kubebuilder:validation:items:XValidation:rule="self.matches('^[A-Za-z0-9_-]{43}$')",message="must be a key's id as status.signingKeys has it: 43 letters, digits, '-' and '_'"
	Revoked []string `json:"revoked,omitempty"`

	// jwksMaxAge is how long verifiers may go on with a copy of the JWKS, such as
	// 1h; 5m when absent. A new key is published for at least as long before it signs.
	// +optional
	// +realmkeeper:validation:Duration:example="5m",min="1s",max="24h"
	JWKSMaxAge *metav1.Duration `json:"jwksMaxAge,omitempty"`
}

// Tokens says what is issued and for how long.
//
// +kubebuilder:validation:MinProperties=1
// +kubebuilder:validation:XValidation:rule="[self.?refreshTokenLifetime.orValue('168h'), self.?accessTokenLifetime.orValue('1h')].exists(d, !d.matches('^([0-9]+([.][0-9]+)?(ns|us|µs|ms|s|m|h))+$')) || duration(self.?refreshTokenLifetime.orValue('168h')) >= duration(self.?accessTokenLifetime.orValue('1h'))",message="refreshTokenLifetime (168h when absent) must not be shorter than accessTokenLifetime (1h when absent)"
type Tokens struct {
	// audience is the aud claim of access tokens; the issuer alone when absent.
	// +optional
	// +listType=atomic
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=16
	// +kubebuilder:validation:items:MinLength=1
	// +kubebuilder:validation:items:MaxLength=512
	Audience []string `json:"audience,omitempty"`

	// accessTokenLifetime is how long an access token is valid, such as 30m; 1h when absent.
	// +optional
	// +realmkeeper:validation:Duration:example="30m or 1h",min="1m",max="24h"
	AccessTokenLifetime *metav1.Duration `json:"accessTokenLifetime,omitempty"`

	// refreshTokenLifetime is how long a session lasts without being used, such as 12h; 168h when absent.
	// +optional
	// +realmkeeper:validation:Duration:example="12h or 168h",min="1m",max="8760h",which="a year"
	RefreshTokenLifetime *metav1.Duration `json:"refreshTokenLifetime,omitempty"`

	// refreshGracePeriod is how long a refresh token that was just used still
	// gets the same answer, so that two tabs never log each other out; 10s when
	// absent. With 0s every second use is taken for theft.
	// +optional
	// +realmkeeper:validation:Duration:example="10s",min="0s",max="1m"
	RefreshGracePeriod *metav1.Duration `json:"refreshGracePeriod,omitempty"`

	// sessionsNotBefore ends every session that began before this time, such as
	// 2026-11-22T10:00:00Z: everybody who was logged in logs in again. A time that
	// lies ahead ends them then.
	// +optional
	SessionsNotBefore *metav1.Time `json:"sessionsNotBefore,omitempty"`
}

// UnknownUserAnswer is what a login for an address without an account is told.
//
// +kubebuilder:validation:Enum=Reveal;Conceal
type UnknownUserAnswer string

const (
	// RevealUnknownUser answers 404.
	RevealUnknownUser UnknownUserAnswer = "Reveal"
	// ConcealUnknownUser answers as for a wrong password, after the same work.
	ConcealUnknownUser UnknownUserAnswer = "Conceal"
)

// MailCode says whether people may sign in by a code that is mailed to them.
//
// +kubebuilder:validation:Enum=On;Off
type MailCode string

const (
	// MailCodeOn mails a code to whoever asks for one.
	MailCodeOn MailCode = "On"
	// MailCodeOff mails none.
	MailCodeOff MailCode = "Off"
)

// Login says how logins behave.
//
// +kubebuilder:validation:MinProperties=1
type Login struct {
	// unknownUser is what a login for an address without an account is told:
	// Reveal (404, also when absent) or Conceal (as for a wrong password).
	// +optional
	UnknownUser UnknownUserAnswer `json:"unknownUser,omitempty"`

	// mailCode is On (people may sign in by a code that is mailed to their address, which
	// needs email) or Off (also when absent). In YAML it stands in quotation marks: On
	// alone is read as true there.
	// +optional
	MailCode MailCode `json:"mailCode,omitempty"`

	// lockout stops the guessing of passwords.
	// +optional
	Lockout *Lockout `json:"lockout,omitempty"`
}

// Lockout refuses an account's logins for a while after failed ones.
//
// +kubebuilder:validation:MinProperties=1
type Lockout struct {
	// failures in a row that lock an account; 5 when absent.
	// +optional
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=100
	Failures *int32 `json:"failures,omitempty"`

	// duration of the lockout, such as 5m; 15m when absent.
	// +optional
	// +realmkeeper:validation:Duration:example="15m",min="1s",max="24h"
	Duration *metav1.Duration `json:"duration,omitempty"`

	// sourceFailures is how many failed logins, to whatever accounts, one source
	// address may have within the duration before it is refused for as long; 100
	// when absent. People behind one proxy or office line share an address.
	// +optional
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=100000
	SourceFailures *int32 `json:"sourceFailures,omitempty"`
}

// PasswordEngine is the program that computes bcrypt hashes.
//
// +kubebuilder:validation:Enum=Interleaved;Standard
type PasswordEngine string

const (
	// InterleavedPasswordEngine computes up to four hashes at once on a core.
	InterleavedPasswordEngine PasswordEngine = "Interleaved"
	// StandardPasswordEngine computes one after another, with golang.org/x/crypto/bcrypt.
	StandardPasswordEngine PasswordEngine = "Standard"
)

// Passwords says which passwords are taken and how they are stored.
//
// +kubebuilder:validation:MinProperties=1
type Passwords struct {
	// bcryptCost is the base-2 logarithm of bcrypt's rounds: each step up doubles
	// the work of a login and of a guess; 12 when absent.
	// +optional
	// +kubebuilder:validation:Minimum=10
	// +kubebuilder:validation:Maximum=16
	BcryptCost *int32 `json:"bcryptCost,omitempty"`

	// engine is what computes the hashes: Interleaved (our own program, which works
	// on four at once on a core, also when absent) or Standard
	// (golang.org/x/crypto/bcrypt, one at a time, with which a core checks about a
	// third as many passwords). Each verifies what the other has hashed, and changing
	// it restarts nothing.
	// +optional
	Engine PasswordEngine `json:"engine,omitempty"`

	// minLength is how many characters a new password must have; 8 when absent.
	// +optional
	// +kubebuilder:validation:Minimum=8
	// +kubebuilder:validation:Maximum=64
	MinLength *int32 `json:"minLength,omitempty"`

	// allowCommon takes passwords that stand in the list of common and breached
	// ones; they are refused when absent.
	// +optional
	AllowCommon bool `json:"allowCommon,omitempty"`

	// resetTokenLifetime is how long the link of a reset mail works, such as 30m; 1h when absent.
	// +optional
	// +realmkeeper:validation:Duration:example="30m or 1h",min="1m",max="24h"
	ResetTokenLifetime *metav1.Duration `json:"resetTokenLifetime,omitempty"`

	// existing says what becomes of people whose password of old minLength and the list of
	// common ones would refuse today; they go on with it when absent.
	// +optional
	Existing *ExistingPasswords `json:"existing,omitempty"`
}

// InitialAdmin is the first user of a realm.
type InitialAdmin struct {
	// email the first user logs in with; admin@ and the issuer's host when
	// absent, or admin@localhost where that is an IP address. It counts when the
	// Secret with the first password is made, and what that Secret holds creates a
	// user once.
	// +optional
	// +kubebuilder:validation:MinLength=3
	// +kubebuilder:validation:MaxLength=254
	// +kubebuilder:validation:XValidation:rule="self.matches('^[^@]{1,64}@[^@]+$') && self.matches('^[a-zA-Z0-9!#$%&*+/=?^_\\\\x60\\\\x27{|}~-]+([.][a-zA-Z0-9!#$%&*+/=?^_\\\\x60\\\\x27{|}~-]+)*@[a-zA-Z0-9]([-a-zA-Z0-9]{0,61}[a-zA-Z0-9])?([.][a-zA-Z0-9]([-a-zA-Z0-9]{0,61}[a-zA-Z0-9])?)*$') && !self.matches('[@.][0-9]+$')",message="email must be an e-mail address such as admin@example.com, of ASCII letters; write a domain of other letters in its form with xn--"
	Email string `json:"email,omitempty"`
}
