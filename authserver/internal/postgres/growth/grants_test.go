// SPDX-License-Identifier: Apache-2.0

package growth

import (
	"context"
	"crypto/sha256"
	"fmt"
	"time"

	"github.com/realmkeeper/realmkeeper/authserver/internal/auth"
	"github.com/realmkeeper/realmkeeper/authserver/internal/grant"
	"github.com/realmkeeper/realmkeeper/authserver/internal/session"
)

func grantExercises() []exercise {
	return []exercise{
		{"IssueAuthorizationCode", "", func(ctx context.Context, w *world) error {
			return want(found(w.store.IssueAuthorizationCode(ctx, w.code(false))))
		}},
		{"UseAuthorizationCode", "", func(ctx context.Context, w *world) error { return w.useCode(ctx, w.code(false)) }},
		{"UseAuthorizationCode", "for a session of its own", func(ctx context.Context, w *world) error { return w.useCode(ctx, w.code(true)) }},
		{"EndGrantOfCode", "", func(ctx context.Context, w *world) error {
			c, held := w.code(false), w.grant()
			w.insert(c)
			w.sql("UPDATE authorization_codes SET used_at = now(), grant_id = $2 WHERE hash = $1", c.Hash[:], held.id)
			return want(found(w.store.EndGrantOfCode(ctx, c.Hash, w.now(), w.event(auth.ActReuseCode, "").Events[0])))
		}},
		{"RotateGrantToken", "", func(ctx context.Context, w *world) error {
			held := w.grant()
			return want(found(w.store.RotateGrantToken(ctx, grant.Rotation{
				Used: held.token, Successor: newHash(), Sealed: make([]byte, 72), Terms: grant.Terms{ClientID: held.client}, Now: w.now(),
				ExpiresAt: w.now().Add(7 * 24 * time.Hour), SessionExpiresAt: w.now().Add(7 * 24 * time.Hour),
			})))
		}},
		{"UsedGrantToken", "", func(ctx context.Context, w *world) error {
			return want(found(w.store.UsedGrantToken(ctx, w.grant().token, w.now())))
		}},
		{"LiveGrant", "", func(ctx context.Context, w *world) error {
			return want(found(w.store.LiveGrant(ctx, w.grant().id, w.now(), time.Time{})))
		}},
		{"EndGrant", "", func(ctx context.Context, w *world) error {
			return want(w.store.EndGrant(ctx, w.grant().id, session.EndedByRevocation, w.now(), w.event(auth.ActEndGrant, "").Events[0]))
		}},
	}
}

// heldGrant is one that lives, and its refresh token.
type heldGrant struct {
	id, client string
	token      auth.TokenHash
}

// grant is the next one that lives, of a user who may use it.
func (w *world) grant() heldGrant {
	w.t.Helper()
	for range 10_000 {
		n := w.number(w.fill.size.sessions() / 2)
		h := heldGrant{token: sha256.Sum256([]byte(fmt.Sprint("grant token", 2*n)))}
		err := w.conn.QueryRow(w.t.Context(), `
			SELECT g.id::text, g.client_id FROM grant_tokens t JOIN grants g ON g.id = t.grant_id JOIN sessions s ON s.id = g.session_id JOIN users u ON u.id = s.user_id
			WHERE t.hash = $1 AND t.rotated_at IS NULL AND t.expires_at > now() AND g.ended_at IS NULL
			AND s.ended_at IS NULL AND s.expires_at > now() AND u.disabled_at IS NULL`, h.token[:]).Scan(&h.id, &h.client)
		if err == nil {
			return h
		}
	}
	w.t.Fatal("no grant lives")
	return heldGrant{}
}

// code is one of the next session that lives.
func (w *world) code(offline bool) grant.Code {
	held, now := w.session(), w.now()
	return grant.Code{
		Hash: newHash(), UserID: held.user, SessionID: held.id, RedirectURI: "https://shop.example/callback", Challenge: "challenge", Offline: offline,
		CreatedAt: now, ExpiresAt: now.Add(time.Minute),
		Authorization: grant.Authorization{ClientID: "apps.shop", Scopes: []string{"openid"}, Audience: []string{"apps.shop"}, Nonce: "nonce"},
	}
}

// insert has a code issued by another pod.
func (w *world) insert(c grant.Code) {
	w.t.Helper()
	w.sql(`INSERT INTO authorization_codes (hash, session_id, client_id, redirect_uri, code_challenge, scope, audience, offline, consented, created_at, expires_at)
		VALUES ($1, $2, $3, $4, $5, 'openid', $3, $6, $7, now(), now() + interval '1 minute')`,
		c.Hash[:], c.SessionID, c.ClientID, c.RedirectURI, c.Challenge, c.Offline, c.Consented)
}

func (w *world) useCode(ctx context.Context, c grant.Code) error {
	token := newHash()
	w.insert(c)
	return want(found(w.store.UseAuthorizationCode(ctx, grant.Redemption{
		Code: c.Hash, Terms: grant.Terms{ClientID: c.ClientID, Name: "Shop", HearsLogouts: true}, RedirectURI: c.RedirectURI, Challenge: c.Challenge, GrantID: newID(), Refresh: &token,
		Now: w.now(), ExpiresAt: w.now().Add(7 * 24 * time.Hour),
	}, w.event(auth.ActBeginGrant, "").Events[0])))
}
