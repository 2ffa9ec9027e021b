// SPDX-License-Identifier: Apache-2.0

package growth

import (
	"context"
	"time"

	"github.com/realmkeeper/realmkeeper/authserver/internal/backchannel"
)

func logoutExercises() []exercise {
	return []exercise{
		{"ClaimLogouts", "", func(ctx context.Context, w *world) error {
			list, err := w.store.ClaimLogouts(ctx, w.logoutClaim())
			return want(len(list) == 32, err)
		}},
		{"ForgetLogout", "", func(ctx context.Context, w *world) error { return w.store.ForgetLogout(ctx, w.logout().ID) }},
		{"PostponeLogout", "", func(ctx context.Context, w *world) error {
			return w.store.PostponeLogout(ctx, w.logout(), w.now().Add(time.Minute))
		}},
		{"ForgetLogoutsOf", "", func(ctx context.Context, w *world) error {
			n, err := w.store.ForgetLogoutsOf(ctx, "apps.shop-7", w.now(), 100)
			return want(n > 0, err)
		}},
		{"LogoutBacklog", "", func(ctx context.Context, w *world) error {
			b, err := w.store.LogoutBacklog(ctx)
			return want(b.Logouts > 0, err)
		}},
	}
}

func (w *world) logoutClaim() backchannel.Claim {
	return backchannel.Claim{
		Limit: 32, Each: 8, Spared: []string{"apps.shop-1", "apps.shop-2"}, Proven: []string{"apps.shop-3", "apps.shop-4"}, Now: w.now(), Until: w.now().Add(time.Minute),
	}
}

// logout is one that is claimed.
func (w *world) logout() backchannel.Logout {
	w.t.Helper()
	list, err := w.store.ClaimLogouts(w.t.Context(), w.logoutClaim())
	if err != nil || len(list) == 0 {
		w.t.Fatalf("%d are claimed, %v", len(list), err)
	}
	return list[0]
}
