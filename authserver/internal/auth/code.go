// SPDX-License-Identifier: Apache-2.0

package auth

// Code names a refusal for programs. Codes are part of the API: they are never
// renamed and never change their meaning.
type Code string

// Refusals of a sign-in.
const (
	InvalidCredentials Code = "invalid_credentials"
	UserNotFound       Code = "user_not_found"
	AccountLocked      Code = "account_locked"
	TooManyAttempts    Code = "too_many_attempts"
	AccountDisabled    Code = "account_disabled"
	EmailNotVerified   Code = "email_not_verified"
	MailCodeOff        Code = "mail_code_off"
)

// Refusals of a token.
const (
	RefreshTokenInvalid Code = "refresh_token_invalid"
	TokenMissing        Code = "token_missing"
	TokenExpired        Code = "token_expired"
	TokenInvalid        Code = "token_invalid"
	PermissionDenied    Code = "permission_denied"
	// InsufficientAuthentication is of a token whose user must sign in better, or once more
	// (RFC 9470, section 3).
	InsufficientAuthentication Code = "insufficient_user_authentication"
)

// Refusals of an account's changes.
const (
	RegistrationClosed Code = "registration_closed"
	EmailTaken         Code = "email_taken"
	PasswordRejected   Code = "password_rejected"
	ResetTokenInvalid  Code = "reset_token_invalid"
	VerifyTokenInvalid Code = "verification_token_invalid"
	ProofRequired      Code = "proof_required"
	LastAdmin          Code = "last_admin"
	EmailUnavailable   Code = "email_unavailable"
)

// Refusals of a way in that somebody wants to have by a mailed link.
const (
	CredentialTokenInvalid Code = "credential_token_invalid"
	// PasswordNotOffered says that the realm gives nobody a first password.
	PasswordNotOffered Code = "password_not_offered"
	// RecoveryRequired says that an account without a password is recovered first, which
	// takes a while.
	RecoveryRequired Code = "recovery_required"
	RecoveryInvalid  Code = "recovery_invalid"
	// RecoveryContested says that a recovery is no more to be cancelled from a session.
	RecoveryContested Code = "recovery_contested"
)

// Refusals of a second factor.
const (
	CodeInvalid             Code = "code_invalid"
	EnrolmentCodeInvalid    Code = "enrolment_code_invalid"
	ChallengeInvalid        Code = "challenge_invalid"
	SecondFactorExists      Code = "second_factor_exists"
	SecondFactorMissing     Code = "second_factor_missing"
	SecondFactorUnavailable Code = "second_factor_unavailable"
)

// Refusals of a passkey.
const (
	// PasskeyInvalid is of one that signs in, or is a second factor, and says no more.
	PasskeyInvalid             Code = "passkey_invalid"
	PasskeyUnverified          Code = "passkey_unverified"
	PasskeyRegistrationInvalid Code = "passkey_registration_invalid"
	PasskeyExists              Code = "passkey_exists"
	TooManyPasskeys            Code = "too_many_passkeys"
)

// Refusals of a sign-in through a provider.
const (
	ProviderUnknown          Code = "provider_unknown"
	ProviderUnavailable      Code = "provider_unavailable"
	ProviderRefused          Code = "provider_refused"
	StateInvalid             Code = "state_invalid"
	IdentityRefused          Code = "identity_refused"
	IdentityUnlinked         Code = "identity_unlinked"
	ReturnURLRefused         Code = "return_url_refused"
	AuthorizationCodeInvalid Code = "oauth_code_invalid"
	IdentityTaken            Code = "identity_taken"
	LastIdentity             Code = "last_identity"
)

// Refusals of a change of groups.
const (
	GroupExists   Code = "group_exists"
	TooManyGroups Code = "too_many_groups"
)

// Refusals of a personal access token that somebody wants.
const (
	// PersonalTokenRefused says that the realm or the application takes no such tokens, or
	// none of this user.
	PersonalTokenRefused  Code = "personal_access_token_refused"
	TooManyPersonalTokens Code = "too_many_personal_access_tokens"
)

// Refusals about a service account.
const (
	ServiceAccountExists   Code = "service_account_exists"
	TooManyServiceAccounts Code = "too_many_service_accounts"
	ServiceAccountDisabled Code = "service_account_disabled"
)

// Refusals of an application that sends people to the realm, in front of them.
const (
	ClientRequestInvalid Code = "client_request_invalid"
	ClientAccessDenied   Code = "client_access_denied"
)

// Refusals because something is worn out or away; a retry may help.
const (
	RateLimited         Code = "rate_limited"
	Busy                Code = "busy"
	DatabaseUnavailable Code = "database_unavailable"
	SigningUnavailable  Code = "signing_unavailable"
)

// Refusals of the transport.
const (
	InvalidRequest       Code = "invalid_request"
	NotFound             Code = "not_found"
	MethodNotAllowed     Code = "method_not_allowed"
	UnsupportedMediaType Code = "unsupported_media_type"
	BodyTooLarge         Code = "body_too_large"
	Internal             Code = "internal"
)
