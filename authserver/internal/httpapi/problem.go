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
	Type   string              `json:"type"`
	Title  string              `json:"title"`
	Status int                 `json:"status"`
	Detail string              `json:"detail"`
	Code   auth.Code           `json:"code"`
	Errors []auth.FieldProblem `json:"errors,omitempty"`
	// AttemptsLeft is how many more wrong guesses are allowed.
	AttemptsLeft *int   `json:"attempts_left,omitempty"`
	RequestID    string `json:"requestId"`
}

// fail is the one writer of errors.
func (a *API) fail(w http.ResponseWriter, r *http.Request, err error) {
	refusal := a.judge(r, err)
	p := problemOf(refusal, exchangeOf(r.Context()).id)

	h := w.Header()
	h.Set("Cache-Control", "no-store")
	if p.Status == http.StatusUnauthorized {
		h.Set("WWW-Authenticate", challenge(a.Settings().Issuer, refusal.Code))
	}
	if seconds := retryAfter(refusal); seconds > 0 {
		h.Set("Retry-After", strconv.Itoa(seconds))
	}
	a.write(w, r, p.Status, "application/problem+json", p)
}

func problemOf(e *auth.Error, requestID string) problem {
	meaning := describe(e.Code)
	return problem{
		Type:  "urn:realmkeeper:problem:" + string(e.Code),
		Title: meaning.title, Status: meaning.status, Detail: meaning.detail,
		Code: e.Code, Errors: e.Fields, AttemptsLeft: e.AttemptsLeft, RequestID: requestID,
	}
}

// judge says what an error is to the caller. A cause that is our fault is logged
// here, once, and never told.
func (a *API) judge(r *http.Request, err error) *auth.Error {
	if r.Context().Err() != nil && errors.Is(err, context.Canceled) {
		err = &auth.Error{Code: auth.Internal} // nobody is listening
	}
	refusal := &auth.Error{Code: auth.Internal, Cause: err}
	_ = errors.As(err, &refusal)
	if describe(refusal.Code).status >= 500 && refusal.Cause != nil {
		a.Log.ErrorContext(r.Context(), "request failed", "code", refusal.Code, "route", exchangeOf(r.Context()).route, "error", refusal.Cause)
	}
	exchangeOf(r.Context()).code = refusal.Code
	return refusal
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
