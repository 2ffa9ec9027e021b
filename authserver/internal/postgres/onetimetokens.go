// SPDX-License-Identifier: Apache-2.0

package postgres

import (
	"context"
	"errors"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/realmkeeper/realmkeeper/authserver/internal/auth"
)

const issueToken = `
WITH cause AS (
    INSERT INTO tickets (hash, kind, user_id, session_id, email, sealed, created_at, expires_at)
    VALUES (@hash, @kind, @user, @session, @email, @sealed, @created, @expires)
    RETURNING hash
)` + withEffects + ` SELECT`

// IssueToken implements signin.Store and federation.Store.
func (s *Store) IssueToken(ctx context.Context, t auth.OneTimeToken, also auth.Effects) error {
	args, err := effects(also, t.CreatedAt, pgx.NamedArgs{
		"hash": t.Hash[:], "kind": t.Kind, "user": orNull(t.UserID), "session": orNull(t.SessionID), "email": orNull(t.Email), "sealed": t.Sealed,
		"created": t.CreatedAt, "expires": t.ExpiresAt,
	})
	if err != nil {
		return err
	}
	return s.exec(ctx, "issue ticket", issueToken, args)
}

const exchangeToken = `
WITH redeemed AS (
    DELETE FROM tickets WHERE hash = @used AND user_id = @user AND expires_at > @created
    RETURNING hash
), cause AS (
    INSERT INTO tickets (hash, kind, user_id, sealed, created_at, expires_at)
    SELECT @hash, @kind, @user, @sealed, @created, @expires FROM redeemed
    RETURNING hash
)` + withEffects + `
SELECT EXISTS (SELECT FROM cause)`

// ExchangeToken implements signin.Store. The row's lock lets one of any number of callers
// delete it.
func (s *Store) ExchangeToken(ctx context.Context, used auth.TokenHash, next auth.OneTimeToken, also auth.Effects) (bool, error) {
	return s.change(ctx, "exchange ticket", exchangeToken, pgx.NamedArgs{
		"used": used[:], "hash": next.Hash[:], "kind": next.Kind, "user": next.UserID, "sealed": next.Sealed,
		"created": next.CreatedAt, "expires": next.ExpiresAt,
	}, next.CreatedAt, also)
}

// SpendToken implements client.Store. The hash is the table's key: one of any number
// of callers inserts it.
func (s *Store) SpendToken(ctx context.Context, t auth.OneTimeToken) (bool, error) {
	ctx, end := s.bounded(ctx, "spend ticket")
	defer end()
	done, err := s.pool.Exec(ctx, `INSERT INTO tickets (hash, kind, created_at, expires_at)
		VALUES (@hash, @kind, @created, @expires) ON CONFLICT (hash) DO NOTHING`,
		pgx.NamedArgs{"hash": t.Hash[:], "kind": t.Kind, "created": t.CreatedAt, "expires": t.ExpiresAt})
	return err == nil && done.RowsAffected() == 1, classify("spend ticket", err)
}

const tokenColumns = `coalesce(user_id::text, ''), coalesce(session_id::text, ''), coalesce(email, ''), sealed, created_at, expires_at`

// PeekToken implements notify.Store, signin.Store and account.Store.
func (s *Store) PeekToken(ctx context.Context, kind auth.OneTimeTokenKind, hash auth.TokenHash, now time.Time) (auth.OneTimeToken, bool, error) {
	return s.token(ctx, `SELECT `+tokenColumns+` FROM tickets
		WHERE hash = @hash AND kind = @kind AND expires_at > @now`, kind, hash, now)
}

// RedeemToken implements signin.Store and federation.Store. The row's lock lets one of any number of
// callers delete it; the others find nothing.
func (s *Store) RedeemToken(ctx context.Context, kind auth.OneTimeTokenKind, hash auth.TokenHash, now time.Time) (auth.OneTimeToken, bool, error) {
	return s.token(ctx, `DELETE FROM tickets
		WHERE hash = @hash AND kind = @kind AND expires_at > @now
		RETURNING `+tokenColumns, kind, hash, now)
}

const cancelToken = `
WITH cause AS (
    DELETE FROM tickets WHERE hash = @hash AND kind = @kind AND expires_at > @now
    RETURNING hash
)` + withEffects + `
SELECT EXISTS (SELECT FROM cause)`

// CancelToken implements account.Store.
func (s *Store) CancelToken(ctx context.Context, kind auth.OneTimeTokenKind, hash auth.TokenHash, also auth.Effects, now time.Time) (bool, error) {
	return s.change(ctx, "cancel ticket", cancelToken, pgx.NamedArgs{"hash": hash[:], "kind": kind, "now": now}, now, also)
}

func (s *Store) token(ctx context.Context, statement string, kind auth.OneTimeTokenKind, hash auth.TokenHash, now time.Time) (auth.OneTimeToken, bool, error) {
	ctx, end := s.bounded(ctx, "read ticket")
	defer end()
	t := auth.OneTimeToken{Hash: hash, Kind: kind}
	err := s.pool.QueryRow(ctx, statement, pgx.NamedArgs{"hash": hash[:], "kind": kind, "now": now}).
		Scan(&t.UserID, &t.SessionID, &t.Email, &t.Sealed, &t.CreatedAt, &t.ExpiresAt)
	if errors.Is(err, pgx.ErrNoRows) {
		return auth.OneTimeToken{}, false, nil
	}
	return t, err == nil, classify("read ticket", err)
}
