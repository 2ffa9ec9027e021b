// SPDX-License-Identifier: Apache-2.0

package growth

import (
	"context"
	"time"

	"github.com/realmkeeper/realmkeeper/authserver/internal/auth"
	"github.com/realmkeeper/realmkeeper/authserver/internal/grant"
	"github.com/realmkeeper/realmkeeper/authserver/internal/session"
)

func consentExercises() []exercise {
	return []exercise{
		{"ConsentGiven", "", func(ctx context.Context, w *world) error { return want(w.store.ConsentGiven(ctx, w.consent())) }},
		{"RememberConsent", "the first of a client", func(ctx context.Context, w *world) error {
			c := w.consent()
			c.ClientID = "apps.new-" + newID()
			return w.remember(ctx, c)
		}},
		{"RememberConsent", "more than before", func(ctx context.Context, w *world) error {
			c := w.consent()
			c.Scopes = []string{"email", "offline_access", "openid"}
			return w.remember(ctx, c)
		}},
		{"UseAuthorizationCode", "of somebody who was asked", func(ctx context.Context, w *world) error {
			c := w.code(true)
			c.ClientID, c.Consented = "apps.asking", []string{"email", "openid"}
			w.sql(`INSERT INTO consents (user_id, client_id, client_since, scopes, given_at) VALUES ($1, $2, now(), $3, now())
				ON CONFLICT DO NOTHING`, c.UserID, c.ClientID, c.Consented)
			return w.useCode(ctx, c)
		}},
		{"PermissionsOf", "", func(ctx context.Context, w *world) error {
			list, err := w.store.PermissionsOf(ctx, w.consent().UserID, w.now(), time.Time{})
			return want(len(list) > 0, err)
		}},
		{"ForgetConsent", "", func(ctx context.Context, w *world) error {
			c := w.consent()
			return want(w.store.ForgetConsent(ctx, c.UserID, c.ClientID, w.event(auth.ActRevokeConsent, c.UserID).Events[0]))
		}},
		{"EndGrantsOf", "", func(ctx context.Context, w *world) error {
			held, user := w.grant(), ""
			w.ask([]any{&user}, "SELECT s.user_id::text FROM grants g JOIN sessions s ON s.id = g.session_id WHERE g.id = $1", held.id)
			ended, err := w.store.EndGrantsOf(ctx, user, held.client, session.EndedByUser, w.now(), w.event(auth.ActEndGrant, user).Events[0])
			return want(len(ended) > 0, err)
		}},
	}
}

// consent is the next one, of a user who is there.
func (w *world) consent() grant.Consent {
	w.t.Helper()
	c := grant.Consent{Scopes: []string{"email", "openid"}}
	w.ask([]any{&c.UserID, &c.ClientID, &c.ClientSince},
		"SELECT user_id::text, client_id, client_since FROM consents WHERE user_id = $1 AND client_id LIKE 'apps.shop-%'", w.consenting())
	return c
}

// consenting is the next user who has agreed to something.
func (w *world) consenting() string {
	w.t.Helper()
	return w.user("EXISTS (SELECT FROM consents WHERE user_id = id AND client_id LIKE 'apps.shop-%')").ID
}

func (w *world) remember(ctx context.Context, c grant.Consent) error {
	asked := auth.OneTimeToken{Hash: newHash(), Kind: auth.ConsentToken, CreatedAt: w.now(), ExpiresAt: w.now().Add(time.Hour)}
	return want(w.store.RememberConsent(ctx, c, asked, w.event(auth.ActGiveConsent, c.UserID).Events[0]))
}
