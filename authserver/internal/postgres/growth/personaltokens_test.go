// SPDX-License-Identifier: Apache-2.0

package growth

import (
	"context"
	"crypto/sha256"
	"fmt"
	"time"

	"github.com/realmkeeper/realmkeeper/authserver/internal/auth"
	"github.com/realmkeeper/realmkeeper/authserver/internal/personaltoken"
)

func personalTokenExercises() []exercise {
	return []exercise{
		{"MakePersonalToken", "", func(ctx context.Context, w *world) error {
			held, user := w.session(), auth.User{}
			w.ask([]any{&user.ID, &user.PasswordChangedAt}, "SELECT id::text, password_changed_at FROM users WHERE id = $1", held.user)
			now := w.now()
			outcome, err := w.store.MakePersonalToken(ctx, personaltoken.Making{
				Token: personaltoken.Token{
					ID: newID(), ClientID: "apps.shop-1", Name: "Nightly backup", Scopes: []string{"groups"}, CreatedAt: now, ExpiresAt: now.Add(24 * time.Hour),
				},
				Hash: newHash(), User: user, SessionID: held.id, Most: personaltoken.Most,
			}, w.mailed(auth.ActMakePersonalToken, user.ID))
			return want(outcome == personaltoken.Made, err)
		}},
		{"PersonalTokensOf", "", func(ctx context.Context, w *world) error {
			list, err := w.store.PersonalTokensOf(ctx, w.personalToken().user, w.now())
			return want(len(list) > 0, err)
		}},
		{"PersonalToken", "", func(ctx context.Context, w *world) error {
			return want(found(w.store.PersonalToken(ctx, w.personalToken().hash, w.now())))
		}},
		{"UsePersonalToken", "", func(ctx context.Context, w *world) error {
			held := w.personalToken()
			w.sql("UPDATE personal_access_tokens SET last_used_on = NULL WHERE id = $1", held.id)
			return want(w.store.UsePersonalToken(ctx, held.id, w.now(), w.event(auth.ActUsePersonalToken, held.user).Events[0]))
		}},
		{"EndPersonalToken", "", func(ctx context.Context, w *world) error {
			held := w.personalToken()
			return want(w.store.EndPersonalToken(ctx, held.user, held.id, w.now(), w.event(auth.ActEndPersonalToken, held.user)))
		}},
	}
}

// heldToken is a personal access token that is good.
type heldToken struct {
	id, user string
	hash     auth.TokenHash
}

// personalToken is the next one that is good.
func (w *world) personalToken() heldToken {
	w.t.Helper()
	for range 10_000 {
		h := heldToken{hash: sha256.Sum256([]byte(fmt.Sprint("personal token", w.number(w.fill.size.users))))}
		err := w.conn.QueryRow(w.t.Context(), `
			SELECT t.id::text, t.user_id::text FROM personal_access_tokens t JOIN users u ON u.id = t.user_id
			WHERE t.hash = $1 AND t.expires_at > now() AND u.disabled_at IS NULL AND u.password_changed_at IS NOT DISTINCT FROM t.password_changed_at`, h.hash[:]).
			Scan(&h.id, &h.user)
		if err == nil {
			return h
		}
	}
	w.t.Fatal("no personal access token is good")
	return heldToken{}
}
