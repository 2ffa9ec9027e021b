// SPDX-License-Identifier: Apache-2.0

package auth

import (
	"time"
)

// Error is a refusal that the caller is told about.
type Error struct {
	Code Code
	// Reason is which rule of the code has refused; empty where there is one alone.
	Reason Reason
	// RetryAfter is when a retry may succeed; zero when there is nothing to wait for.
	RetryAfter time.Duration
	// AttemptsLeft is how many more wrong guesses are allowed; nil where guesses
	// are not counted.
	AttemptsLeft *int
	// Fields say what is wrong with the request, all at once.
	Fields []FieldProblem
	// Demand is what would be enough; nil but for InsufficientAuthentication.
	Demand *Demand
	// Cause is for the log, never for the caller.
	Cause error
}

// FieldProblem says what is wrong with one field, without its value.
type FieldProblem struct {
	Field  string `json:"field"`
	Detail string `json:"detail"`
	// Rule names what was broken, for those who have words of their own; empty
	// where nobody has.
	Rule string `json:"-"`
}

func (e *Error) Error() string {
	if e.Cause != nil {
		return string(e.Code) + ": " + e.Cause.Error()
	}
	return string(e.Code)
}

func (e *Error) Unwrap() error { return e.Cause }

// Is reports whether target is a refusal with the same code, so that
// errors.Is(err, &Error{Code: …}) asks for a code.
func (e *Error) Is(target error) bool {
	t, ok := target.(*Error)
	return ok && t.Code == e.Code
}

// Refuse is the refusal of a code, of which no more is to be said.
func Refuse(code Code) *Error { return &Error{Code: code} }

// RefuseFor is a refusal that may be none after a while.
func RefuseFor(code Code, retryAfter time.Duration) *Error {
	return &Error{Code: code, RetryAfter: retryAfter}
}
