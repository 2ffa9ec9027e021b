// SPDX-License-Identifier: Apache-2.0

package growth

import (
	"context"

	"github.com/realmkeeper/realmkeeper/authserver/internal/requirement"
)

func weakPasswordExercises() []exercise {
	const seen = "EXISTS (SELECT FROM weak_passwords w WHERE w.user_id = users.id)"
	weak, sound := anybody+" AND "+seen, anybody+" AND NOT "+seen
	return []exercise{
		{"NoteWeakPassword", "", func(ctx context.Context, w *world) error {
			return w.store.NoteWeakPassword(ctx, w.user(sound).ID, w.now())
		}},
		{"NoteWeakPassword", "that is known", func(ctx context.Context, w *world) error {
			return w.store.NoteWeakPassword(ctx, w.user(weak).ID, w.now())
		}},
		{"NoteSoundPassword", "", func(ctx context.Context, w *world) error {
			return w.store.NoteSoundPassword(ctx, w.user(sound).ID)
		}},
		{"NoteSoundPassword", "of somebody who had another", func(ctx context.Context, w *world) error {
			return w.store.NoteSoundPassword(ctx, w.user(weak).ID)
		}},
		{"WithWeakPasswords", "", func(ctx context.Context, w *world) error {
			return done(w.store.WithWeakPasswords(ctx, requirement.Batch{After: w.user(weak).ID, Limit: 500}))
		}},
		{"PeopleWithWeakPasswords", "", func(ctx context.Context, w *world) error {
			return done(w.store.PeopleWithWeakPasswords(ctx, requirement.Query{After: w.user(weak).ID, Limit: 25, Look: 500}))
		}},
		{"PeopleWithWeakPasswords", "of a group", func(ctx context.Context, w *world) error {
			return done(w.store.PeopleWithWeakPasswords(ctx, requirement.Query{Group: "group-7", Limit: 25, Look: 500}))
		}},
		{"PeopleWithWeakPasswords", "who are stopped", func(ctx context.Context, w *world) error {
			return done(w.store.PeopleWithWeakPasswords(ctx, requirement.Query{State: requirement.Stopped, Limit: 25, Look: 500}))
		}},
	}
}
