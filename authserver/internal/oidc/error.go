// SPDX-License-Identifier: Apache-2.0

package oidc

import (
	"errors"
	"net/http"

	"github.com/realmkeeper/realmkeeper/authserver/internal/auth"
)

// ErrorCode names a refusal for clients.
type ErrorCode string

// The codes of RFC 6749, sections 4.1.2.1 and 5.2, of RFC 8707, section 2, and of
// RFC 7009, section 2.2.1.
const (
	InvalidRequest         ErrorCode = "invalid_request"
	InvalidClient          ErrorCode = "invalid_client"
	InvalidGrant           ErrorCode = "invalid_grant"
	UnauthorizedClient     ErrorCode = "unauthorized_client"
	UnsupportedGrantType   ErrorCode = "unsupported_grant_type"
	InvalidScope           ErrorCode = "invalid_scope"
	InvalidTarget          ErrorCode = "invalid_target"
	ServerError            ErrorCode = "server_error"
	TemporarilyUnavailable ErrorCode = "temporarily_unavailable"
)

// Those of a request for authorization: RFC 6749, section 4.1.2.1; OpenID Connect Core
// 1.0, section 3.1.2.6, and Unmet Authentication Requirements 1.0, section 2.
const (
	AccessDenied             ErrorCode = "access_denied"
	UnsupportedResponseType  ErrorCode = "unsupported_response_type"
	LoginRequired            ErrorCode = "login_required"
	ConsentRequired          ErrorCode = "consent_required"
	InteractionRequired      ErrorCode = "interaction_required"
	RequestNotSupported      ErrorCode = "request_not_supported"
	RequestURINotSupported   ErrorCode = "request_uri_not_supported"
	RegistrationNotSupported ErrorCode = "registration_not_supported"
	UnmetRequirements        ErrorCode = "unmet_authentication_requirements"
)

// Those of a proof that a client holds a key: RFC 9449, sections 5 and 8.
const (
	InvalidDPoPProof ErrorCode = "invalid_dpop_proof"
	UseDPoPNonce     ErrorCode = "use_dpop_nonce"
)

// Those of a device that polls (RFC 8628, section 3.5), beside AccessDenied.
const (
	AuthorizationPending ErrorCode = "authorization_pending"
	SlowDown             ErrorCode = "slow_down"
	ExpiredToken         ErrorCode = "expired_token"
)

// Error is a refusal that a client is told of.
type Error struct {
	Code ErrorCode
	// Description is for whoever writes the client: what is wrong, and never what was
	// sent. It keeps to the characters of RFC 6749, section 5.2.
	Description string
	// Status is of an answer whose code leaves it open; zero for the code's own.
	Status int
	// Cause is for the log, never for the client.
	Cause error
}

func (e *Error) Error() string { return string(e.Code) + ": " + e.Description }

func (e *Error) Unwrap() error { return e.Cause }

// Is reports whether target is a refusal with the same code.
func (e *Error) Is(target error) bool {
	t, ok := target.(*Error)
	return ok && t.Code == e.Code
}

// refuse is a refusal with the status of its code.
func refuse(code ErrorCode, description string) *Error {
	return &Error{Code: code, Description: description}
}

// status is that of an answer at an endpoint that clients ask by themselves (RFC 6749,
// section 5.2).
func (e *Error) status() int {
	switch {
	case e.Status != 0:
		return e.Status
	case e.Code == InvalidClient:
		return http.StatusUnauthorized
	case e.Code == ServerError:
		return http.StatusInternalServerError
	case e.Code == TemporarilyUnavailable:
		return http.StatusServiceUnavailable
	default:
		return http.StatusBadRequest
	}
}

// errorOf is what an error of a capability is to a client.
func errorOf(refusal *auth.Error) *Error {
	switch refusal.Code {
	case auth.InvalidRequest:
		return refuse(InvalidRequest, "The request is not what this endpoint expects.")
	case auth.BodyTooLarge:
		return &Error{Code: InvalidRequest, Description: "The request is too large.", Status: http.StatusRequestEntityTooLarge}
	case auth.RateLimited:
		return &Error{
			Code: TemporarilyUnavailable, Description: "Too many requests. Try again when Retry-After says.", Status: http.StatusTooManyRequests,
		}
	case auth.DatabaseUnavailable, auth.SigningUnavailable, auth.Busy:
		return refuse(TemporarilyUnavailable, "The realm cannot do this at present. Try again when Retry-After says.")
	default:
		return refuse(ServerError, "Something went wrong on our side. Quote the X-Request-Id when you report it.")
	}
}

// asError finds the refusal in an error; false for one that is not in the words of
// OAuth 2.0.
func asError(err error) (*Error, bool) {
	refusal := (*Error)(nil)
	found := errors.As(err, &refusal)
	return refusal, found
}
