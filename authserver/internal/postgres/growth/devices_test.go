// SPDX-License-Identifier: Apache-2.0

package growth

import (
	"context"
	"time"

	"github.com/realmkeeper/realmkeeper/authserver/internal/auth"
	"github.com/realmkeeper/realmkeeper/authserver/internal/grant"
)

func deviceExercises() []exercise {
	return []exercise{
		{"CreateDeviceCode", "", func(ctx context.Context, w *world) error {
			now := w.now()
			created, _, err := w.store.CreateDeviceCode(ctx, grant.NewDeviceCode{
				DeviceRequest: grant.DeviceRequest{
					Hash: newHash(), From: from, CreatedAt: now, ExpiresAt: now.Add(10 * time.Minute),
					Authorization: grant.Authorization{ClientID: "apps.shop-1", Scopes: []string{"openid"}, Audience: []string{"apps.shop-1"}},
				},
				UserCode: newHash(), Interval: 5 * time.Second, MostOpen: 1000,
			})
			return want(created, err)
		}},
		{"OpenDeviceCode", "", func(ctx context.Context, w *world) error {
			d := w.device("")
			return want(found(w.store.OpenDeviceCode(ctx, d.user, w.now())))
		}},
		{"PollDeviceCode", "", func(ctx context.Context, w *world) error {
			now := w.now()
			state, err := w.store.PollDeviceCode(ctx, grant.DevicePoll{
				Code: w.device("").code, ClientID: "apps.shop-1", Punctual: now, Now: now, SlowDown: 5 * time.Second,
			})
			return want(state == grant.DeviceWaits, err)
		}},
		{"AllowDeviceCode", "", func(ctx context.Context, w *world) error {
			held := w.session()
			return want(w.store.AllowDeviceCode(ctx, grant.DeviceAnswer{
				Device: w.device("").code, Terms: grant.Terms{ClientID: "apps.shop-1", Name: "Shop"}, UserID: held.user, SessionID: held.id, GrantID: newID(), Now: w.now(),
			}, w.event(auth.ActAllowDevice, held.user)))
		}},
		{"DenyDeviceCode", "", func(ctx context.Context, w *world) error {
			return want(w.store.DenyDeviceCode(ctx, w.device("").code, w.now(), w.event(auth.ActDenyDevice, w.session().user).Events[0]))
		}},
		{"UseDeviceCode", "", func(ctx context.Context, w *world) error {
			token := newHash()
			return want(found(w.store.UseDeviceCode(ctx, grant.Redemption{
				Code: w.device(w.ownGrant()).code, Terms: grant.Terms{ClientID: "apps.shop-1", HearsLogouts: true}, Refresh: &token,
				Now: w.now(), ExpiresAt: w.now().Add(7 * 24 * time.Hour),
			}, w.event(auth.ActBeginGrant, "").Events[0])))
		}},
		{"EndGrantOfDeviceCode", "", func(ctx context.Context, w *world) error {
			d := w.device(w.ownGrant())
			w.sql("UPDATE device_codes SET used_at = now() WHERE hash = $1", d.code[:])
			return want(found(w.store.EndGrantOfDeviceCode(ctx, d.code, w.now(), w.event(auth.ActReuseDeviceCode, "").Events[0])))
		}},
	}
}

// waiting is a device, and what it shows.
type waiting struct{ code, user auth.TokenHash }

// device is one that waits, or that was allowed a grant.
func (w *world) device(grantID string) waiting {
	w.t.Helper()
	d := waiting{newHash(), newHash()}
	w.sql(`INSERT INTO device_codes (hash, user_code_hash, client_id, scope, audience, user_agent, address, created_at, expires_at, interval_seconds, answered_at, grant_id)
		VALUES ($1, $2, 'apps.shop-1', 'openid', 'apps.shop-1', '', '', now(), now() + interval '10 minutes', 5,
			CASE WHEN $3 <> '' THEN now() END, nullif($3, '')::uuid)`, d.code[:], d.user[:], grantID)
	return d
}

// ownGrant is a new one with a session of its own.
func (w *world) ownGrant() string {
	w.t.Helper()
	id, held := newID(), w.session()
	w.sql(`INSERT INTO sessions (id, user_id, created_at, last_used_at, expires_at, prune_after, client_id)
		VALUES ($1, $2, now(), now(), now() + interval '10 minutes', current_date, 'apps.shop-1')`, id, held.user)
	w.sql(`INSERT INTO grants (id, session_id, sid, client_id, scope, audience, created_at, last_used_at, expires_at, prune_after)
		VALUES ($1, $1, $1, 'apps.shop-1', 'openid', 'apps.shop-1', now(), now(), now() + interval '10 minutes', current_date)`, id)
	return id
}
