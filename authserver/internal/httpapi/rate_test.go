// SPDX-License-Identifier: Apache-2.0

package httpapi

import (
	"slices"
	"testing"

	"github.com/realmkeeper/realmkeeper/authserver/internal/auth"
	"github.com/realmkeeper/realmkeeper/authserver/internal/request"
)

// Nobody, with a token or without, must be able to ask without end for what costs
// work, asks or changes a store, sends something or judges a secret.
func TestEveryRouteHasALimit(t *testing.T) {
	t.Parallel()
	unlimited := []string{
		"GET " + openAPIPath,
		"GET /api/auth/providers", // those in the settings
		"GET " + verifyPath,       // a gateway asks for everybody's every request
		"GET /api/user/profile",   // so does an application's backend, with tokens of its users: one row, by its key
	}
	for _, r := range new(API).routes() {
		if limited := r.rate != request.Unlimited; limited == slices.Contains(unlimited, r.pattern()) {
			t.Errorf("%s has a limit: %t", r.pattern(), limited)
		}
		if r.rate == request.Unlimited && slices.Contains(r.refuses, auth.RateLimited) {
			t.Errorf("%s refuses by a limit that it does not have", r.pattern())
		}
	}
}
