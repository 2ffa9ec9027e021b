// SPDX-License-Identifier: Apache-2.0

package httpapi

import (
	"context"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"net/http"
	"strconv"
	"time"

	"github.com/realmkeeper/realmkeeper/authserver/internal/auth"
)

// problem is the body of every error (RFC 9457).
type problem struct {
	Type      string              `json:"type"`
	Title     string              `json:"title"`
	Status    int                 `json:"status"`
	Detail    string              `json:"detail"`
	Code      auth.Code           `json:"code"`
	Errors    []auth.FieldProblem `json:"errors,omitempty"`
	RequestID string              `json:"requestId"`
}

// described is what a code means to a reader.
type described struct {
	status        int
	title, detail string
}

func describe(code auth.Code) described {
	switch code {
	case auth.InvalidCredentials:
		return described{401, "Invalid credentials", "The e-mail address or the password is wrong."}
	case auth.UserNotFound:
		return described{404, "User not found", "There is no user with this e-mail address."}
	case auth.AccountLocked:
		return described{429, "Account locked", "Too many failed logins. Try again when the lock has ended."}
	case auth.TooManyAttempts:
		return described{429, "Too many attempts", "Other logins to this account are being checked. Try again shortly."}
	case auth.RefreshTokenInvalid:
		return described{401, "Refresh token invalid", "The refresh token is not valid any more. Log in again."}
	case auth.TokenMissing:
		return described{401, "Access token missing", "This request needs an access token."}
	case auth.TokenExpired:
		return described{401, "Access token expired", "The access token has expired. Refresh it."}
	case auth.TokenInvalid:
		return described{401, "Access token invalid", "The access token is not valid."}
	case auth.Busy:
		return described{503, "Busy", "Too many passwords are being checked. Try again shortly."}
	case auth.DatabaseUnavailable:
		return described{503, "Database unavailable", "The database does not answer. Try again shortly."}
	case auth.SigningUnavailable:
		return described{503, "Signing key unavailable", "No key may sign tokens yet. Try again shortly."}
	case auth.InvalidRequest:
		return described{400, "Invalid request", "The request body is not what this endpoint expects."}
	case auth.NotFound:
		return described{404, "Not found", "There is nothing at this address."}
	case auth.MethodNotAllowed:
		return described{405, "Method not allowed", "This address does not answer this method."}
	case auth.UnsupportedMediaType:
		return described{415, "Unsupported media type", "The Content-Type must be application/json."}
	case auth.BodyTooLarge:
		return described{413, "Body too large", "The request body must be at most 64 KiB."}
	default:
		return described{500, "Internal error", "Something went wrong on our side. Quote the request id when you report it."}
	}
}

// fail is the one writer of errors. A cause that is our fault is logged here,
// once, and never told.
func (a *API) fail(w http.ResponseWriter, r *http.Request, err error) {
	if r.Context().Err() != nil && errors.Is(err, context.Canceled) {
		err = &auth.Error{Code: auth.Internal} // nobody is listening
	}
	refusal := &auth.Error{Code: auth.Internal, Cause: err}
	_ = errors.As(err, &refusal)
	meaning := describe(refusal.Code)
	if meaning.status >= 500 && refusal.Cause != nil {
		a.Log.ErrorContext(r.Context(), "request failed", "code", refusal.Code, "route", exchangeOf(r.Context()).route, "error", refusal.Cause)
	}

	h := w.Header()
	h.Set("Cache-Control", "no-store")
	if meaning.status == http.StatusUnauthorized {
		h.Set("WWW-Authenticate", challenge(a.Settings().Issuer, refusal.Code))
	}
	if seconds := retryAfter(refusal); seconds > 0 {
		h.Set("Retry-After", strconv.Itoa(seconds))
	}
	a.write(w, r, meaning.status, "application/problem+json", problem{
		Type:  "urn:realmkeeper:problem:" + string(refusal.Code),
		Title: meaning.title, Status: meaning.status, Detail: meaning.detail,
		Code: refusal.Code, Errors: refusal.Fields, RequestID: exchangeOf(r.Context()).id,
	})
}

// challenge is the WWW-Authenticate header (RFC 6750, section 3). It has an
// error only when there was a token to judge.
func challenge(issuer string, code auth.Code) string {
	c := fmt.Sprintf("Bearer realm=%q", issuer)
	switch code {
	case auth.TokenExpired, auth.TokenInvalid:
		return c + fmt.Sprintf(", error=\"invalid_token\", error_description=%q", describe(code).detail)
	default:
		return c
	}
}

// retryAfter is in whole seconds, rounded up. Clients of a database that is
// away are spread out, so that they do not all come back at once.
func retryAfter(e *auth.Error) int {
	if e.Code == auth.DatabaseUnavailable {
		const atMost = 5
		return 1 + rand.IntN(atMost)
	}
	if e.RetryAfter <= 0 && e.Code != auth.Busy {
		return 0
	}
	return max(1, int(math.Ceil(float64(e.RetryAfter)/float64(time.Second))))
}
