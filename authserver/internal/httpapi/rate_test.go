// SPDX-License-Identifier: Apache-2.0

package httpapi

import (
	"slices"
	"testing"

	"github.com/realmkeeper/realmkeeper/authserver/internal/auth"
	"github.com/realmkeeper/realmkeeper/authserver/internal/request"
)

// Whoever has no token yet must not be able to ask without end for what costs
// work, sends something or judges a secret.
func TestWhatAnybodyMayPostHasALimit(t *testing.T) {
	t.Parallel()
	for _, r := range new(API).routes() {
		free := []string{"POST /api/auth/logout"} // it ends what its caller has proved to own
		if r.method == "POST" && r.bearer != bearerRequired && r.rate == request.Unlimited && !slices.Contains(free, r.pattern()) {
			t.Errorf("%s has no limit", r.pattern())
		}
		if r.rate == request.Unlimited && slices.Contains(r.refuses, auth.RateLimited) {
			t.Errorf("%s refuses by a limit that it does not have", r.pattern())
		}
	}
}
