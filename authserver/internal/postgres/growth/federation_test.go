// SPDX-License-Identifier: Apache-2.0

package growth

import (
	"context"

	"github.com/realmkeeper/realmkeeper/authserver/internal/auth"
	"github.com/realmkeeper/realmkeeper/authserver/internal/federation"
	"github.com/realmkeeper/realmkeeper/authserver/internal/reclaim"
)

func federationExercises() []exercise {
	return []exercise{
		{"UseIdentity", "", func(ctx context.Context, w *world) error {
			return want(found(w.store.UseIdentity(ctx, w.identityOf(w.user(linked)).Identity, w.now())))
		}},
		{"IdentitiesOf", "", func(ctx context.Context, w *world) error { return done(w.store.IdentitiesOf(ctx, w.user(linked).ID)) }},
		{"CreateUserWithIdentity", "", func(ctx context.Context, w *world) error {
			u := w.newcomer()
			return want(w.store.CreateUserWithIdentity(ctx, u, w.newIdentity(u), w.event(auth.ActRegister, u.ID)))
		}},
		{"LinkByEmail", "", func(ctx context.Context, w *world) error {
			u := w.user(anybody)
			return want(w.store.LinkByEmail(ctx, w.newIdentity(u), w.event(auth.ActLinkIdentity, u.ID)))
		}},
		{"LinkIdentity", "", func(ctx context.Context, w *world) error {
			u := w.user(anybody)
			return want(w.store.LinkIdentity(ctx, u, w.newIdentity(u), w.event(auth.ActLinkIdentity, u.ID)))
		}},
		{"UnlinkIdentity", "", func(ctx context.Context, w *world) error {
			u := w.user(linked)
			done, err := w.store.UnlinkIdentity(ctx, u.ID, w.identityOf(u).ID, w.now(), w.event(auth.ActUnlinkIdentity, u.ID))
			return want(done.Removed, err)
		}},
		{"ReclaimByIdentity", "", func(ctx context.Context, w *world) error {
			u := w.user(unproved)
			r, err := w.store.ReclaimByIdentity(ctx, reclaim.Claim{User: u, Clears: clears(u), Now: w.now()}, w.newIdentity(u), w.event(auth.ActReclaimAccount, u.ID))
			return want(r.Done, err)
		}},
	}
}

// identityOf is one that a user has.
func (w *world) identityOf(u auth.User) federation.LinkedIdentity {
	i := federation.LinkedIdentity{UserID: u.ID}
	w.ask([]any{&i.ID, &i.Identity.Provider, &i.Identity.Issuer, &i.Identity.Subject, &i.Identity.Email},
		"SELECT id::text, provider, issuer, subject, email FROM identities WHERE user_id = $1 LIMIT 1", u.ID)
	return i
}

func (w *world) newIdentity(u auth.User) federation.LinkedIdentity {
	return federation.LinkedIdentity{
		ID: newID(), UserID: u.ID, CreatedAt: w.now(), LastUsedAt: w.now(),
		Identity: federation.Identity{Provider: "google", Issuer: "https://issuer-9.example", Subject: newID(), Email: u.Email, EmailVerified: true},
	}
}
