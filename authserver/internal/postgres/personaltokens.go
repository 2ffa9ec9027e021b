// SPDX-License-Identifier: Apache-2.0

package postgres

import (
	"context"
	"errors"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/realmkeeper/realmkeeper/authserver/internal/auth"
	"github.com/realmkeeper/realmkeeper/authserver/internal/personaltoken"
)

// It writes the user's row (see locked), which is another version of what it has seen if
// somebody else was quicker. So tokens of one user are made one after the other, and counted.
// The session is looked at after its user is locked, as those do who end sessions.
const makePersonalToken = `
WITH seen AS MATERIALIZED (
    SELECT id, xmin AS version FROM users WHERE id = @user
), held AS MATERIALIZED (
    SELECT count(*) AS tokens FROM (
        SELECT FROM personal_access_tokens WHERE user_id = @user AND expires_at > @now LIMIT @most
    ) AS t
), owner AS (
    UPDATE users u SET email = u.email FROM seen, held
    WHERE u.id = seen.id AND u.xmin = seen.version AND held.tokens < @most
      AND u.disabled_at IS NULL AND u.password_changed_at IS NOT DISTINCT FROM @password_changed
    RETURNING u.id, u.password_changed_at
), asked AS MATERIALIZED (
    SELECT s.id FROM sessions s JOIN owner ON s.user_id = owner.id
    WHERE s.id = @session AND s.ended_at IS NULL AND s.expires_at > @now AND s.created_at >= @since
    FOR SHARE OF s
), cause AS (
    INSERT INTO personal_access_tokens (id, hash, user_id, client_id, name, scopes, password_changed_at, created_at, expires_at)
    SELECT @id, @hash, owner.id, @client, @name, @scopes, owner.password_changed_at, @now, @expires FROM owner, asked
    RETURNING id
)` + withEffects + `
SELECT CASE
    WHEN EXISTS (SELECT FROM cause) THEN '` + string(personaltoken.Made) + `'
    WHEN EXISTS (SELECT FROM owner) THEN '` + string(personaltoken.Unmade) + `'
    WHEN held.tokens >= @most THEN '` + string(personaltoken.Full) + `'
    WHEN EXISTS (SELECT FROM users u WHERE u.id = @user AND u.disabled_at IS NULL AND u.password_changed_at IS NOT DISTINCT FROM @password_changed)
        THEN '` + string(personaltoken.Overtaken) + `'
    ELSE '` + string(personaltoken.Unmade) + `' END
FROM held`

// MakePersonalToken implements personaltoken.Store.
func (s *Store) MakePersonalToken(ctx context.Context, m personaltoken.Making, also auth.Effects) (personaltoken.Outcome, error) {
	if !auth.IsID(m.User.ID) || !auth.IsID(m.SessionID) {
		return personaltoken.Unmade, nil
	}
	args, err := effects(also, m.CreatedAt, pgx.NamedArgs{
		"id": m.ID, "hash": m.Hash[:], "user": m.User.ID, "client": m.ClientID, "name": m.Name, "scopes": append([]string{}, m.Scopes...),
		"password_changed": m.User.PasswordChangedAt, "session": m.SessionID, "since": m.SessionsSince,
		"now": m.CreatedAt, "expires": m.ExpiresAt, "most": m.Most,
	})
	if err != nil {
		return personaltoken.Unmade, err
	}
	ctx, end := s.bounded(ctx, "make personal access token")
	defer end()
	outcome := personaltoken.Unmade
	err = s.pool.QueryRow(ctx, makePersonalToken, args).Scan(&outcome)
	return outcome, classify("make personal access token", err)
}

// personalTokenColumns are of a token t.
const personalTokenColumns = `t.id::text, t.client_id, t.name, t.scopes, t.created_at, t.expires_at, t.last_used_on, coalesce(t.made_by::text, '')`

// personalTokenFields is where personalTokenColumns go.
func personalTokenFields(t *personaltoken.Token) []any {
	return []any{&t.ID, &t.ClientID, &t.Name, &t.Scopes, &t.CreatedAt, &t.ExpiresAt, &t.LastUsedOn, &t.MadeBy}
}

// A user has no more than may be sorted at once.
const personalTokensOf = `
SELECT ` + personalTokenColumns + ` FROM personal_access_tokens t
WHERE t.user_id = @user AND t.expires_at > @now ORDER BY t.created_at DESC, t.id LIMIT @most`

// PersonalTokensOf implements personaltoken.Store.
func (s *Store) PersonalTokensOf(ctx context.Context, userID string, now time.Time) ([]personaltoken.Token, error) {
	return s.tokensOf(ctx, personalTokensOf, pgx.NamedArgs{"user": userID, "now": now, "most": personaltoken.Most})
}

func (s *Store) tokensOf(ctx context.Context, statement string, args pgx.NamedArgs) ([]personaltoken.Token, error) {
	ctx, end := s.bounded(ctx, "list personal access tokens")
	defer end()
	rows, err := s.pool.Query(ctx, statement, args)
	if err != nil {
		return nil, classify("list personal access tokens", err)
	}
	list, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (personaltoken.Token, error) {
		t := personaltoken.Token{}
		return t, row.Scan(personalTokenFields(&t)...)
	})
	return list, classify("list personal access tokens", err)
}

const personalToken = `
SELECT ` + personalTokenColumns + `, ` + userColumns + `
FROM personal_access_tokens t JOIN users u ON u.id = t.user_id
WHERE t.hash = @hash AND t.expires_at > @now AND u.disabled_at IS NULL
  AND t.password_changed_at IS NOT DISTINCT FROM u.password_changed_at`

// PersonalToken implements personaltoken.Store.
func (s *Store) PersonalToken(ctx context.Context, hash auth.TokenHash, now time.Time) (personaltoken.Held, bool, error) {
	ctx, end := s.bounded(ctx, "read personal access token")
	defer end()
	held, args := personaltoken.Held{}, pgx.NamedArgs{"hash": hash[:], "now": now}
	err := s.pool.QueryRow(ctx, personalToken, args).Scan(append(personalTokenFields(&held.Token), userFields(&held.User)...)...)
	if errors.Is(err, pgx.ErrNoRows) {
		account := auth.ServiceAccount{}
		held = personaltoken.Held{Owner: personaltoken.Owner{Account: &account}}
		err = s.pool.QueryRow(ctx, accountToken, args).Scan(append(personalTokenFields(&held.Token), serviceAccountFields(&account)...)...)
	}
	if errors.Is(err, pgx.ErrNoRows) {
		return personaltoken.Held{}, false, nil
	}
	return held, err == nil, classify("read personal access token", err)
}

// The row lock lets uses queue up, so that one of them finds that there was none before.
const usePersonalToken = `
WITH before AS MATERIALIZED (
    SELECT id, last_used_on FROM personal_access_tokens WHERE id = @token FOR NO KEY UPDATE
), used AS (
    UPDATE personal_access_tokens t SET last_used_on = @day FROM before
    WHERE t.id = before.id AND (before.last_used_on IS NULL OR before.last_used_on < @day)
    RETURNING coalesce(t.user_id, t.service_account_id) AS user_id, before.last_used_on IS NULL AS first
), cause AS (
    SELECT user_id FROM used WHERE first
)` + withEvent + `
SELECT EXISTS (SELECT FROM cause)`

// UsePersonalToken implements personaltoken.Store.
func (s *Store) UsePersonalToken(ctx context.Context, id string, day time.Time, told auth.Event) (bool, error) {
	return s.answered(ctx, "use personal access token", usePersonalToken, eventArgs(told, true, pgx.NamedArgs{"token": id, "day": day}))
}

const endPersonalToken = `
WITH cause AS (
    DELETE FROM personal_access_tokens WHERE id = @token AND user_id = @user RETURNING id
), ended AS (
    SELECT id FROM cause
)` + withRevoked + withEffects + `
SELECT EXISTS (SELECT FROM cause)`

// EndPersonalToken implements personaltoken.Store.
func (s *Store) EndPersonalToken(ctx context.Context, userID, id string, now time.Time, also auth.Effects) (bool, error) {
	if !auth.IsID(userID) || !auth.IsID(id) {
		return false, nil // nobody's
	}
	return s.change(ctx, "end personal access token", endPersonalToken, pgx.NamedArgs{"token": id, "user": userID}, now, also)
}
