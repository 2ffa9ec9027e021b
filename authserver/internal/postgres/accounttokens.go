// SPDX-License-Identifier: Apache-2.0

package postgres

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/realmkeeper/realmkeeper/authserver/internal/auth"
	"github.com/realmkeeper/realmkeeper/authserver/internal/personaltoken"
)

// It writes the service account's row, as makePersonalToken does that of a user, so that
// tokens of one are made one after the other, and counted. Whoever makes one is an
// administrator still, in a session that lives: both are looked at, and held, here.
const makeAccountToken = `
WITH seen AS MATERIALIZED (
    SELECT id, xmin AS version FROM service_accounts WHERE id = @account
), held AS MATERIALIZED (
    SELECT count(*) AS tokens FROM (
        SELECT FROM personal_access_tokens WHERE service_account_id = @account AND expires_at > @now LIMIT @most
    ) AS t
), maker AS MATERIALIZED (
    SELECT u.id FROM users u
    WHERE u.id = @user AND u.role = '` + auth.AdminRole + `' AND u.disabled_at IS NULL AND u.password_changed_at IS NOT DISTINCT FROM @password_changed
    FOR SHARE
), asked AS MATERIALIZED (
    SELECT s.id, maker.id AS maker FROM sessions s JOIN maker ON s.user_id = maker.id
    WHERE s.id = @session AND s.ended_at IS NULL AND s.expires_at > @now AND s.created_at >= @since
    FOR SHARE OF s
), owner AS (
    UPDATE service_accounts a SET name = a.name FROM seen, held, asked
    WHERE a.id = seen.id AND a.xmin = seen.version AND a.disabled_at IS NULL AND held.tokens < @most
    RETURNING a.id, asked.maker
), cause AS (
    INSERT INTO personal_access_tokens (id, hash, service_account_id, client_id, name, scopes, created_at, expires_at, made_by)
    SELECT @id, @hash, owner.id, @client, @name, @scopes, @now, @expires, owner.maker FROM owner
    RETURNING id
)` + withEffects + `
SELECT CASE
    WHEN EXISTS (SELECT FROM cause) THEN '` + string(personaltoken.Made) + `'
    WHEN NOT EXISTS (SELECT FROM asked) THEN '` + string(personaltoken.Unmade) + `'
    WHEN held.tokens >= @most THEN '` + string(personaltoken.Full) + `'
    WHEN EXISTS (SELECT FROM service_accounts a WHERE a.id = @account AND a.disabled_at IS NULL) THEN '` + string(personaltoken.Overtaken) + `'
    ELSE '` + string(personaltoken.Closed) + `' END
FROM held`

// MakeAccountToken implements personaltoken.Store.
func (s *Store) MakeAccountToken(ctx context.Context, accountID string, m personaltoken.Making, also auth.Effects) (personaltoken.Outcome, error) {
	switch {
	case !auth.IsID(m.User.ID) || !auth.IsID(m.SessionID):
		return personaltoken.Unmade, nil
	case !auth.IsID(accountID):
		return personaltoken.Closed, nil
	}
	args, err := effects(also, m.CreatedAt, pgx.NamedArgs{
		"id": m.ID, "hash": m.Hash[:], "account": accountID, "client": m.ClientID, "name": m.Name, "scopes": append([]string{}, m.Scopes...),
		"user": m.User.ID, "password_changed": m.User.PasswordChangedAt, "session": m.SessionID, "since": m.SessionsSince,
		"now": m.CreatedAt, "expires": m.ExpiresAt, "most": m.Most,
	})
	if err != nil {
		return personaltoken.Unmade, err
	}
	ctx, end := s.bounded(ctx, "make token of service account")
	defer end()
	outcome := personaltoken.Unmade
	err = s.pool.QueryRow(ctx, makeAccountToken, args).Scan(&outcome)
	return outcome, classify("make token of service account", err)
}

const accountTokensOf = `
SELECT ` + personalTokenColumns + ` FROM personal_access_tokens t
WHERE t.service_account_id = @account AND t.expires_at > @now ORDER BY t.created_at DESC, t.id LIMIT @most`

// AccountTokensOf implements personaltoken.Store.
func (s *Store) AccountTokensOf(ctx context.Context, accountID string, now time.Time) ([]personaltoken.Token, error) {
	return s.tokensOf(ctx, accountTokensOf, pgx.NamedArgs{"account": accountID, "now": now, "most": personaltoken.Most})
}

const accountToken = `
SELECT ` + personalTokenColumns + `, ` + serviceAccountColumns + `
FROM personal_access_tokens t JOIN service_accounts a ON a.id = t.service_account_id
WHERE t.hash = @hash AND t.expires_at > @now AND a.disabled_at IS NULL`

const endAccountToken = `
WITH cause AS (
    DELETE FROM personal_access_tokens WHERE id = @token AND service_account_id = @account RETURNING id
), ended AS (
    SELECT id FROM cause
)` + withRevoked + withEffects + `
SELECT EXISTS (SELECT FROM cause)`

// EndAccountToken implements personaltoken.Store.
func (s *Store) EndAccountToken(ctx context.Context, accountID, id string, now time.Time, also auth.Effects) (bool, error) {
	if !auth.IsID(accountID) || !auth.IsID(id) {
		return false, nil // nobody's
	}
	return s.change(ctx, "end token of service account", endAccountToken, pgx.NamedArgs{"token": id, "account": accountID}, now, also)
}
