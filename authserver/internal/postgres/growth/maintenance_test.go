// SPDX-License-Identifier: Apache-2.0

package growth

import (
	"context"
	"log/slog"
	"time"

	"github.com/google/uuid"

	"github.com/realmkeeper/realmkeeper/authserver/internal/admin"
	"github.com/realmkeeper/realmkeeper/authserver/internal/audit"
	"github.com/realmkeeper/realmkeeper/authserver/internal/auth"
	"github.com/realmkeeper/realmkeeper/authserver/internal/session"
	"github.com/realmkeeper/realmkeeper/authserver/realmconfig"
)

// primaryKey is how values begin that the present key has sealed.
func primaryKey() []byte { return []byte{1, 2, 3, 4, 5, 6, 7, 8} }

func maintenanceExercises() []exercise {
	return []exercise{
		{"SealedWithOtherKeys", "", func(ctx context.Context, w *world) error {
			return done(w.store.SealedWithOtherKeys(ctx, primaryKey(), auth.SealedValue{}, 100))
		}},
		{"CountSealedWithOtherKeys", "", func(ctx context.Context, w *world) error {
			return done(w.store.CountSealedWithOtherKeys(ctx, primaryKey()))
		}},
		{"Reseal", "", func(ctx context.Context, w *world) error {
			v := auth.SealedValue{Column: "second_factors.sealed"}
			w.ask([]any{&v.Sealed}, "SELECT sealed FROM second_factors WHERE user_id = $1 LIMIT 1", w.user(enrolled).ID)
			return w.store.Reseal(ctx, v, append(primaryKey(), newID()...))
		}},
		{"OutdatedDocuments", "where none is", func(ctx context.Context, w *world) error {
			w.sql("UPDATE user_search SET document = 'made' WHERE document IS NULL")
			return done(w.store.OutdatedDocuments(ctx, uuid.Nil.String(), 1000))
		}},
		{"OutdatedDocuments", "a few", func(ctx context.Context, w *world) error {
			list, err := w.outdated(ctx)
			return want(len(list) > 0, err)
		}},
		{"StoreDocuments", "a few", func(ctx context.Context, w *world) error {
			list := []admin.SearchDocument{}
			for range 5 {
				u, d := w.user(anybody), admin.SearchDocument{}
				w.ask([]any{&d.UserID, &d.Edition}, "UPDATE user_search SET document = NULL, edition = edition + 1 WHERE user_id = $1 RETURNING user_id::text, edition", u.ID)
				d.Text = auth.SearchDocument(u.Name, u.Email)
				list = append(list, d)
			}
			return w.store.StoreDocuments(ctx, list)
		}},
	}
}

func (w *world) outdated(ctx context.Context) ([]admin.SearchDocument, error) {
	w.sql("UPDATE user_search SET document = NULL, edition = edition + 1 WHERE user_id = $1", w.user(anybody).ID)
	return w.store.OutdatedDocuments(ctx, uuid.Nil.String(), 1000)
}

// pruneExercises delete a little: growth's round of pruning deletes millions.
func pruneExercises() []exercise {
	return []exercise{
		{"EndSessionsBefore", "some", func(ctx context.Context, w *world) error {
			return w.store.EndSessionsBefore(ctx, w.fill.now.Add(-30*24*time.Hour+10*time.Minute), session.EndedBySettings, w.now())
		}},
		{"Prune", "", func(ctx context.Context, w *world) error {
			w.sql("UPDATE second_factors SET created_at = now() - interval '2 days', verified_at = NULL WHERE user_id = $1", w.user(enrolled).ID)
			w.leaveFewDue(w.now())
			return w.store.Prune(ctx, w.now())
		}},
		{"ExtendEvents", "of a large partition", func(ctx context.Context, w *world) error {
			return w.store.ExtendEvents(ctx, w.now(), 7*24*time.Hour)
		}},
		{"ExtendEvents", "of small ones", func(ctx context.Context, w *world) error {
			return w.store.ExtendEvents(ctx, w.now().Add(14*24*time.Hour), 7*24*time.Hour)
		}},
		{"UnboundEvents", "", func(ctx context.Context, w *world) error { return w.store.UnboundEvents(ctx, w.now()) }},
		{"PruneEvents", "", func(ctx context.Context, w *world) error {
			return w.auditLog(w.fill.now, 90*24*time.Hour-time.Hour).Prune(ctx)
		}},
	}
}

// leaveFewDue deletes most of what Prune would: it takes its time with many rows, and its plans
// are the same for few.
func (w *world) leaveFewDue(at time.Time) {
	const few = "500"
	due := map[string]string{
		"grant_tokens": "expires_at <= $1", "authorization_codes": "expires_at <= $1", "device_codes": "expires_at <= $1",
		"personal_access_tokens": "expires_at <= $1", "refresh_tokens": "expires_at <= $1", "attempts": "expires_at <= $1",
		"tickets": "expires_at <= $1", "grants": "prune_after < $1::date", "sessions": "prune_after < $1::date",
		"text_codes":     "sent_at <= $1::timestamptz - interval '1 hour'",
		"second_factors": "verified_at IS NULL AND created_at <= $1::timestamptz - interval '1 day'",
		"quotas":         "since <= $1::timestamptz - interval '1 hour'",
		"mail_quotas":    "since <= $1::timestamptz - interval '1 hour'",
	}
	for table, condition := range due {
		w.sql("DELETE FROM "+table+" WHERE ctid = ANY (ARRAY(SELECT ctid FROM "+table+" WHERE "+condition+" OFFSET "+few+"))", at)
	}
}

// auditLog is of a realm that keeps events for so long.
func (w *world) auditLog(now time.Time, retention time.Duration) *audit.Log {
	settings := realmconfig.Config{Audit: realmconfig.Audit{Retention: realmconfig.Duration(retention)}}
	return &audit.Log{Store: w.store, Realm: auth.Realm{
		Settings: func() realmconfig.Config { return settings }, Now: func() time.Time { return now }, Log: slog.New(slog.DiscardHandler),
	}}
}
