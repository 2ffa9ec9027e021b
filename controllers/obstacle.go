// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"slices"
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

// sortOut is sortOut for a pass over a realm, which remembers that something may
// pass: a later obstacle may hide it, and so may what the pass falls back to.
func (g *gathered) sortOut(err error) (*obstacle, error) {
	o, err := sortOut(err)
	g.passing = g.passing || o != nil && passes(o.reason)
	return o, err
}

// together tells of several obstacles in one condition, nil when there are none.
// Those that may pass come first: they are what is tried again. Each is told once.
func together(all []*obstacle) *obstacle {
	all = slices.Clone(all)
	slices.SortStableFunc(all, func(a, b *obstacle) int {
		switch {
		case passes(a.reason) == passes(b.reason):
			return 0
		case passes(a.reason):
			return -1
		}
		return 1
	})
	var told []string
	for _, o := range all {
		if len(told) < mostTold && !slices.Contains(told, o.message) {
			told = append(told, o.message)
		}
	}
	if len(told) == 0 {
		return nil
	}
	if more := len(all) - len(told); more > 0 {
		told = append(told, fmt.Sprintf("and %d more that could not be done", more))
	}
	return &obstacle{all[0].reason, strings.Join(told, "; ")}
}

// mostTold bounds how many obstacles a condition tells of.
const mostTold = 8

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
