// SPDX-License-Identifier: Apache-2.0

package postgres

import (
	"context"
	"errors"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/realmkeeper/realmkeeper/authserver/internal/account"
	"github.com/realmkeeper/realmkeeper/authserver/internal/admin"
	"github.com/realmkeeper/realmkeeper/authserver/internal/auth"
	"github.com/realmkeeper/realmkeeper/authserver/internal/session"
)

// admins locks everybody who could be the last admin, always in the same order.
// Whoever comes second waits, and is then shown the rows as the first has left
// them: two admins who demote each other cannot both succeed.
const admins = `admins AS MATERIALIZED (
    SELECT id FROM users WHERE role = 'admin' AND disabled_at IS NULL AND ` + signInsLocked + ` ORDER BY id FOR UPDATE
)`

// leavesAnAdmin holds when the realm can do without @user. Counting reads, and
// so locks, every row of admins.
const leavesAnAdmin = `(
    SELECT count(*) FILTER (WHERE id <> @user) > 0 OR count(*) FILTER (WHERE id = @user) = 0 FROM admins
)`

// A user who is shut out, or let in again, keeps no session and no token: a login that ends
// while this statement waits for its user is not seen here, and worth nothing as
// long as the user is shut out.
const changeUser = `
WITH ` + signIns + `, ` + admins + `, cause AS (
    UPDATE users SET
        role = coalesce(@role, role),
        name = coalesce(@name, name),
        disabled_at = CASE WHEN @disabled::boolean THEN coalesce(disabled_at, @now) WHEN NOT @disabled::boolean THEN NULL ELSE disabled_at END
    WHERE id = @user AND ` + signInsLocked + ` AND (NOT @demotes OR ` + leavesAnAdmin + `)
    RETURNING *, CASE
        WHEN @role::text IS NULL AND @disabled::boolean IS NULL THEN NULL
        WHEN disabled_at IS NULL THEN role ELSE '' END AS in_force
), left_sessions AS (
    UPDATE sessions s SET ended_at = @now, ended_reason = @reason
    FROM cause WHERE s.user_id = cause.id AND (cause.disabled_at IS NOT NULL OR NOT @disabled::boolean) AND s.ended_at IS NULL
    RETURNING s.id
), left_tokens AS (
    DELETE FROM personal_access_tokens t USING cause
    WHERE t.user_id = cause.id AND (cause.disabled_at IS NOT NULL OR NOT @disabled::boolean)
    RETURNING t.id
), ended AS (
    TABLE left_sessions UNION ALL TABLE left_tokens
), overtaken AS (
    DELETE FROM tickets WHERE hash IN (SELECT hash FROM sign_ins)
      AND EXISTS (SELECT FROM cause WHERE disabled_at IS NOT NULL OR NOT @disabled::boolean)
), shut_out AS (
    DELETE FROM recoveries r USING cause WHERE r.user_id = cause.id AND cause.disabled_at IS NOT NULL RETURNING r.mail
), unannounced AS (
    DELETE FROM outbox o USING shut_out WHERE o.id = shut_out.mail
)` + withRevoked + withRoleInForce + withEffects + changed

const deleteUser = `
WITH ` + signIns + `, ` + admins + `, cause AS (
    DELETE FROM users WHERE id = @user AND ` + signInsLocked + ` AND ` + leavesAnAdmin + `
    RETURNING *, '' AS in_force
), ended AS (
    SELECT s.id FROM sessions s JOIN cause ON s.user_id = cause.id WHERE s.ended_at IS NULL
), cleared AS (
    DELETE FROM attempts a USING cause WHERE a.key = account_key(cause.email)
), unannounced AS (
    DELETE FROM outbox o USING recoveries r, cause WHERE r.user_id = cause.id AND o.id = r.mail
)` + withRoleInForce + withEffects + changed

const endSessionsOfUser = `
WITH ` + quiet + `, cause AS (
    SELECT *, NULL::text AS in_force FROM quiet
), ended AS (
    UPDATE sessions s SET ended_at = @now, ended_reason = @reason
    FROM cause WHERE s.user_id = cause.id AND s.ended_at IS NULL
    RETURNING s.id
), overtaken AS (
    DELETE FROM tickets WHERE hash IN (SELECT hash FROM sign_ins) AND EXISTS (SELECT FROM cause)
)` + withRevoked + withRoleInForce + withEffects + changed

// changed reads what a cause on users has done: no row when there is no such
// user, the row as it was when nothing was done.
const changed = `
SELECT EXISTS (SELECT FROM cause), ARRAY(SELECT id::text FROM ended),
    (SELECT role FROM in_force), (SELECT revoked_at FROM in_force), ` + userColumns + `
FROM (SELECT * FROM cause UNION ALL SELECT *, NULL FROM users WHERE id = @user AND NOT EXISTS (SELECT FROM cause)) u`

// ChangeUser implements admin.Store.
func (s *Store) ChangeUser(ctx context.Context, userID string, c admin.UserChange, now time.Time, also auth.Effects) (account.UserChanged, error) {
	return s.changeUser(ctx, changeUser, userID, also, now, pgx.NamedArgs{
		"role": c.Role, "name": c.Name, "disabled": c.Disabled, "reason": session.EndedByAdmin,
		"demotes": c.Role != nil && *c.Role != auth.AdminRole || c.Disabled != nil && *c.Disabled,
	})
}

// DeleteUser implements account.Store and admin.Store.
func (s *Store) DeleteUser(ctx context.Context, userID string, now time.Time, also auth.Effects) (account.UserChanged, error) {
	return s.changeUser(ctx, deleteUser, userID, also, now, pgx.NamedArgs{})
}

// EndSessionsOfUser implements admin.Store.
func (s *Store) EndSessionsOfUser(ctx context.Context, userID string, now time.Time, also auth.Effects) (account.UserChanged, error) {
	return s.changeUser(ctx, endSessionsOfUser, userID, also, now, pgx.NamedArgs{"reason": session.EndedByAdmin})
}

func (s *Store) changeUser(ctx context.Context, statement, userID string, also auth.Effects, now time.Time, args pgx.NamedArgs) (account.UserChanged, error) {
	if !auth.IsID(userID) {
		return account.UserChanged{}, nil
	}
	args["user"], args["now"] = userID, now
	args, err := effects(also, now, args)
	if err != nil {
		return account.UserChanged{}, err
	}
	ctx, end := s.bounded(ctx, "change user")
	defer end()
	c := account.UserChanged{Known: true}
	var role *string
	var since *time.Time
	err = s.pool.QueryRow(ctx, statement, args).Scan(append([]any{&c.Done, &c.Ended, &role, &since}, userFields(&c.User)...)...)
	if errors.Is(err, pgx.ErrNoRows) {
		return account.UserChanged{}, nil
	}
	if since != nil {
		c.InForce = &session.Revocation{About: c.User.ID, Role: role, At: *since}
	}
	return c, classify("change user", err)
}
