// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"strings"

	apierrors "k8s.io/apimachinery/pkg/api/errors"

	"github.com/realmkeeper/realmkeeper/api/v1alpha1"
)

// obstacle is why something of a realm cannot be done now. It becomes a
// condition. Its words never hold a secret, and are the same on every pass.
type obstacle struct {
	reason  string
	message string
}

func (o *obstacle) Error() string { return o.message }

func obstructed(reason, format string, args ...any) error {
	return &obstacle{reason: reason, message: fmt.Sprintf(format, args...)}
}

// sortOut tells what becomes a condition from what ends the pass. Whatever the API
// server refuses, and whatever the operator cannot work out, becomes one: a pass
// goes on without it.
func sortOut(err error) (*obstacle, error) {
	var o *obstacle
	switch {
	case err == nil, ends(err):
		return nil, err
	case errors.As(err, &o):
		return o, nil
	}
	return &obstacle{v1alpha1.ReasonFailed, words(err)}, nil
}

// ends reports whether an error ends a pass: what was read is no longer so, or the
// API server gives no answer, and then nothing could be written down either.
func ends(err error) bool {
	var call *url.Error
	return changed(err) || errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) ||
		errors.As(err, &call) && call.Op != "parse"
}

// changed reports whether what was read is no longer so. A webhook may refuse with
// the same code, and then another try finds nothing new.
func changed(err error) bool {
	return apierrors.IsConflict(err) && !strings.Contains(err.Error(), "denied the request")
}

// passes reports whether a reason may cease to hold without anybody being told.
func passes(reason string) bool {
	switch reason {
	case v1alpha1.ReasonApplyFailed, v1alpha1.ReasonFailed, v1alpha1.ReasonKeysLost:
		return true
	}
	return false
}
