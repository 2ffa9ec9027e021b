// SPDX-License-Identifier: Apache-2.0

package conditions

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/realmkeeper/realmkeeper/api/v1alpha1"
)

// Failure is why something cannot be done now. It is an error that becomes a
// condition. Its message never holds a secret, and is the same on every pass.
type Failure struct {
	Reason  string
	Message string
}

// NewFailure is a Failure with a formatted message.
func NewFailure(reason, format string, args ...any) *Failure {
	return &Failure{Reason: reason, Message: fmt.Sprintf(format, args...)}
}

// Error implements error.
func (f *Failure) Error() string { return f.Message }

// False is the condition that says so.
func (f *Failure) False(kind string) metav1.Condition { return False(kind, f.Reason, "%s", f.Message) }

// Unknown is the condition of what could not be looked at because of it.
func (f *Failure) Unknown(kind string) metav1.Condition {
	return Unknown(kind, f.Reason, "%s", f.Message)
}

// Classify tells what becomes a condition from what ends the pass. Whatever the API
// server refuses, and whatever the operator cannot work out, becomes one: a pass
// goes on without it.
func Classify(err error) (*Failure, error) {
	var f *Failure
	switch {
	case err == nil, EndsPass(err):
		return nil, err
	case errors.As(err, &f):
		return f, nil
	}
	return &Failure{v1alpha1.ReasonFailed, StableMessage(err)}, nil
}

// Join tells of several failures in one condition, nil when there are none. Those
// that are Retryable come first: they are what is tried again. Each is told once.
func Join(all []*Failure) *Failure {
	all = slices.Clone(all)
	slices.SortStableFunc(all, func(a, b *Failure) int {
		switch {
		case Retryable(a.Reason) == Retryable(b.Reason):
			return 0
		case Retryable(a.Reason):
			return -1
		}
		return 1
	})
	var messages []string
	for _, f := range all {
		if len(messages) < maxJoined && !slices.Contains(messages, f.Message) {
			messages = append(messages, f.Message)
		}
	}
	if len(messages) == 0 {
		return nil
	}
	if more := len(all) - len(messages); more > 0 {
		messages = append(messages, fmt.Sprintf("and %d more that could not be done", more))
	}
	return &Failure{all[0].Reason, strings.Join(messages, "; ")}
}

// maxJoined bounds how many failures one condition tells of.
const maxJoined = 8

// EndsPass reports whether an error ends a pass: what was read is no longer so, or
// the API server gives no answer, and then nothing could be written down either.
func EndsPass(err error) bool {
	var call *url.Error
	return IsConflict(err) || errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) ||
		errors.As(err, &call) && call.Op != "parse"
}

// IsConflict reports whether what was read is no longer so. A webhook may refuse with
// the same code, and then another try finds nothing new.
func IsConflict(err error) bool {
	return apierrors.IsConflict(err) && !strings.Contains(err.Error(), "denied the request")
}

// Retryable reports whether a reason may cease to hold without anybody being told,
// so that the pass has to be made again after a while.
func Retryable(reason string) bool {
	switch reason {
	case v1alpha1.ReasonApplyFailed, v1alpha1.ReasonContested, v1alpha1.ReasonFailed, v1alpha1.ReasonKeysLost, v1alpha1.ReasonNameInUse:
		return true
	}
	return false
}
