// SPDX-License-Identifier: Apache-2.0

package conditions_test

import (
	"errors"
	"testing"

	"github.com/realmkeeper/realmkeeper/controllers/internal/conditions"
)

func TestWordsAreTheSameOnEveryTry(t *testing.T) {
	t.Parallel()
	for said, want := range map[string]string{
		"exceeded quota: few, used: secrets=5":                                "exceeded quota: few, used: secrets=5",
		"read tcp 10.1.2.3:41234->10.96.0.1:443: read: connection reset":      "read tcp 10.1.2.3->10.96.0.1:443: read: connection reset",
		"refused at 2026-03-01T12:00:00Z by the gate":                         "refused at … by the gate",
		"request-id=3f0e5d0a-6a51-4a3e-9d58-3f6f2c9b1c11, ask the gatekeeper": "request-id=…, ask the gatekeeper",
		"two\n\tlines":         "two lines",
		"in \x1b[31mred\u202e": "in [31mred",
	} {
		if got := conditions.StableMessage(errors.New(said)); got != want {
			t.Errorf("%q became %q, want %q", said, got, want)
		}
	}
}
