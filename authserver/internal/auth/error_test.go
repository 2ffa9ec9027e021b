// SPDX-License-Identifier: Apache-2.0

package auth

import (
	"errors"
	"fmt"
	"testing"
)

func TestErrorsAreComparedByCode(t *testing.T) {
	t.Parallel()
	err := fmt.Errorf("outer: %w", &Error{Code: Busy, Cause: errors.New("inner")})
	if !errors.Is(err, &Error{Code: Busy}) || errors.Is(err, &Error{Code: TokenInvalid}) {
		t.Error("codes do not decide")
	}
}
