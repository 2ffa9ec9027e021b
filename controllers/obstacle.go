// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"errors"
	"fmt"
)

// obstacle is why something of a realm cannot be done until somebody acts or
// something happens. A retry does not cure it, an event does; so it becomes a
// condition. Its words never hold a secret, and are the same on every pass.
type obstacle struct {
	reason  string
	message string
}

func (o *obstacle) Error() string { return o.message }

func obstructed(reason, format string, args ...any) error {
	return &obstacle{reason: reason, message: fmt.Sprintf(format, args...)}
}

// sortOut tells an obstacle from an error that is worth a retry.
func sortOut(err error) (*obstacle, error) {
	var o *obstacle
	if errors.As(err, &o) {
		return o, nil
	}
	return nil, err
}
