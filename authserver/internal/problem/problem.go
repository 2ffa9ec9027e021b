// SPDX-License-Identifier: Apache-2.0

package problem

import (
	"cmp"
	"context"
	"errors"
	"math"
	"math/rand/v2"
	"net/http"
	"time"

	"github.com/realmkeeper/realmkeeper/authserver/internal/auth"
)

// Details is the body of every error (RFC 9457, section 3).
type Details struct {
	Type   string    `json:"type"`
	Title  string    `json:"title"`
	Status int       `json:"status"`
	Detail string    `json:"detail"`
	Code   auth.Code `json:"code"`
	// Reason is which of the code's rules has refused.
	Reason auth.Reason         `json:"reason,omitempty"`
	Errors []auth.FieldProblem `json:"errors,omitempty"`
	// AttemptsLeft is how many more wrong guesses are allowed.
	AttemptsLeft *int `json:"attempts_left,omitempty"`
	// ACRValues and MaxAge, in seconds, are the sign-in that is needed (RFC 9470, section 3).
	ACRValues string `json:"acr_values,omitempty"`
	MaxAge    int    `json:"max_age,omitempty"`
	RequestID string `json:"requestId"`
}

// DetailsOf is what the sender of a request is told of a refusal.
func DetailsOf(e *auth.Error, requestID string) Details {
	t := TypeOf(e.Code)
	details := Details{
		Type:  "urn:realmkeeper:problem:" + string(e.Code),
		Title: t.Title, Status: t.Status, Detail: cmp.Or(detailOf(e.Reason), t.Detail),
		Code: e.Code, Reason: e.Reason, Errors: e.Fields, AttemptsLeft: e.AttemptsLeft, RequestID: requestID,
	}
	if e.Demand != nil {
		details.ACRValues, details.MaxAge = e.Demand.ACR, Seconds(e.Demand.MaxAge)
	}
	return details
}

// Of is the refusal that an error is to whoever sent the request of ctx. Any other
// error is a fault of ours: Internal, with the error as its cause. Of one whose
// sender has left there is no more to say.
func Of(ctx context.Context, err error) *auth.Error {
	if ctx.Err() != nil && errors.Is(err, context.Canceled) {
		return &auth.Error{Code: auth.Internal} // nobody is listening
	}
	refusal := &auth.Error{Code: auth.Internal, Cause: err}
	_ = errors.As(err, &refusal)
	return refusal
}

// isFault reports whether a refusal has a cause that is our fault, which belongs
// into the log, and is told to nobody.
func isFault(e *auth.Error) bool {
	return TypeOf(e.Code).Status >= http.StatusInternalServerError && e.Cause != nil
}

// RetryAfter is what a program is told to wait, in whole seconds; zero when waiting
// does not help. Clients of a database that is away are spread out, so that they do
// not all come back at once.
func RetryAfter(e *auth.Error) int {
	switch {
	case e.Code == auth.DatabaseUnavailable:
		const atMost = 5
		return 1 + rand.IntN(atMost) //nolint:gosec // spreads clients; nobody gains by guessing it
	case e.Code == auth.Busy:
		return max(1, Seconds(e.RetryAfter))
	default:
		return Seconds(e.RetryAfter)
	}
}

// Seconds is a time to wait in whole seconds, rounded up.
func Seconds(wait time.Duration) int {
	return max(0, int(math.Ceil(float64(wait)/float64(time.Second))))
}
