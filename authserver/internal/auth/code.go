// SPDX-License-Identifier: Apache-2.0

package auth

// Code names a refusal for programs. Codes are part of the API: they are never
// renamed and never change their meaning.
type Code string

// Refusals of the use cases.
const (
	InvalidCredentials  Code = "invalid_credentials"
	UserNotFound        Code = "user_not_found"
	AccountLocked       Code = "account_locked"
	TooManyAttempts     Code = "too_many_attempts"
	RefreshTokenInvalid Code = "refresh_token_invalid"
	TokenMissing        Code = "token_missing"
	TokenExpired        Code = "token_expired"
	TokenInvalid        Code = "token_invalid"
)

// Refusals because something is worn out or away; a retry may help.
const (
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
