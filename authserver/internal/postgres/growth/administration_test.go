// SPDX-License-Identifier: Apache-2.0

package growth

import (
	"context"
	"time"

	"github.com/realmkeeper/realmkeeper/authserver/internal/account"
	"github.com/realmkeeper/realmkeeper/authserver/internal/admin"
	"github.com/realmkeeper/realmkeeper/authserver/internal/auth"
	"github.com/realmkeeper/realmkeeper/authserver/internal/notify"
)

func administrationExercises() []exercise {
	yes, no, role := true, false, "editor"
	return []exercise{
		{"ChangeUser", "role", func(ctx context.Context, w *world) error {
			return w.change(ctx, w.user(anybody), admin.UserChange{Role: &role})
		}},
		{"ChangeUser", "disable", func(ctx context.Context, w *world) error {
			return w.change(ctx, w.user(signedIn), admin.UserChange{Disabled: &yes})
		}},
		{"ChangeUser", "enable", func(ctx context.Context, w *world) error {
			return w.change(ctx, w.user("disabled_at IS NOT NULL"), admin.UserChange{Disabled: &no})
		}},
		{"EndSessionsOfUser", "", func(ctx context.Context, w *world) error {
			u := w.user(signedIn)
			return changed(w.store.EndSessionsOfUser(ctx, u.ID, w.now(), w.event(auth.ActEndSession, u.ID)))
		}},
		{"DeleteUser", "", func(ctx context.Context, w *world) error {
			u := w.user(signedIn)
			return changed(w.store.DeleteUser(ctx, u.ID, w.now(), w.event(auth.ActDeleteAccount, u.ID)))
		}},
		{"EmailsOf", "fifty", func(ctx context.Context, w *world) error {
			ids := []string{}
			for range 50 {
				ids = append(ids, w.user("true").ID)
			}
			emails, err := w.store.EmailsOf(ctx, ids)
			return want(len(emails) == len(ids), err)
		}},
		{"UserDetails", "", func(ctx context.Context, w *world) error {
			return done(w.store.UserDetails(ctx, w.user(signedIn).ID, 24*time.Hour, w.now()))
		}},
		{"ClaimMessages", "", func(ctx context.Context, w *world) error {
			list, err := w.store.ClaimMessages(ctx, notify.Claim{Channel: auth.ByMail, Limit: 10, Now: w.now(), Until: w.now().Add(time.Minute)})
			return want(len(list) == 10, err)
		}},
		{"ForgetMessage", "", func(ctx context.Context, w *world) error { return w.store.ForgetMessage(ctx, w.message().ID) }},
		{"PostponeMessage", "", func(ctx context.Context, w *world) error {
			return w.store.PostponeMessage(ctx, w.message(), w.now().Add(time.Minute))
		}},
		{"AbandonMessage", "", func(ctx context.Context, w *world) error {
			return w.store.AbandonMessage(ctx, w.message(), w.event(auth.ActAbandonMessage, ""), w.now())
		}},
		{"Backlog", "", func(ctx context.Context, w *world) error {
			b, err := w.store.Backlog(ctx)
			return want(b.Messages > 0, err)
		}},
		{"BootstrapAdmin", "", func(ctx context.Context, w *world) error {
			u := w.newcomer()
			u.Role = auth.AdminRole
			outcome, err := w.store.BootstrapAdmin(ctx, u, 1, w.event(auth.ActCreateUser, u.ID))
			return want(outcome != "", err)
		}},
		{"BootstrapsOf", "", func(ctx context.Context, w *world) error {
			return done(w.store.BootstrapsOf(ctx, auth.KeyOf("root@example.com")))
		}},
		{"NothingBootstrapped", "", func(ctx context.Context, w *world) error { return w.store.NothingBootstrapped(ctx) }},
		{"CheckSchema", "", func(ctx context.Context, w *world) error { return w.store.CheckSchema(ctx) }},
	}
}

func (w *world) change(ctx context.Context, u auth.User, c admin.UserChange) error {
	return changed(w.store.ChangeUser(ctx, u.ID, c, w.now(), w.event(auth.ActChangeRole, u.ID)))
}

func changed(c account.UserChanged, err error) error { return want(c.Done, err) }

// message is the next one of the outbox.
func (w *world) message() notify.Claimed {
	m := notify.Claimed{}
	w.ask([]any{&m.ID, &m.Attempt}, "SELECT id::text, attempts FROM outbox ORDER BY id LIMIT 1 OFFSET $1", w.number(1000))
	return m
}
