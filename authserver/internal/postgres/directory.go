// SPDX-License-Identifier: Apache-2.0

package postgres

import (
	"context"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/realmkeeper/realmkeeper/authserver/internal/admin"
	"github.com/realmkeeper/realmkeeper/authserver/internal/auth"
	"github.com/realmkeeper/realmkeeper/internal/mailaddress"
)

// lockOf finds the lock of a user u at @now, as ReserveAttempts would.
const lockOf = `SELECT ` + endOfLock + ` FROM attempts
	WHERE key = sha256(convert_to(u.email, 'UTF8')) AND locked_until IS NOT NULL AND ` + endOfLock + ` > @now`

// FindUsers implements admin.Store. The statement has only the conditions
// that were asked for, so that each finds its index. Ids sort by time.
func (s *Store) FindUsers(ctx context.Context, q admin.UserQuery, now time.Time) ([]auth.User, error) {
	args := pgx.NamedArgs{"now": now, "limit": q.Limit, "longest": q.LongestLock}
	where := conditions{}
	if q.Prefix != "" {
		either := `u.email LIKE @email OR lower(u.name) LIKE lower(@name)`
		email, domain := mailaddress.Prefix(q.Prefix)
		args["email"], args["name"] = literalLike(email)+"%", literalLike(q.Prefix)+"%"
		if domain != "" {
			either += ` OR split_part(u.email, '@', 2) LIKE @domain`
			args["domain"] = literalLike(domain) + "%"
		}
		where.add(`(` + either + `)`)
	}
	if q.Role != "" {
		where.add(`u.role = @role`)
		args["role"] = q.Role
	}
	if q.Before != "" {
		where.add(`u.id < @before`)
		args["before"] = q.Before
	}
	switch q.Status {
	case admin.ActiveStatus:
		where.add(`u.disabled_at IS NULL`)
	case admin.DisabledStatus:
		where.add(`u.disabled_at IS NOT NULL`)
	case admin.UnverifiedStatus:
		where.add(`u.email_verified_at IS NULL`)
	case admin.LockedStatus:
		where.add(`EXISTS (` + lockOf + `)`)
	}
	ctx, end := bounded(ctx, "find users")
	defer end()
	rows, err := s.pool.Query(ctx, `SELECT `+userColumns+` FROM users u`+where.String()+` ORDER BY u.id DESC LIMIT @limit`, args)
	if err != nil {
		return nil, classify("find users", err)
	}
	users, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (auth.User, error) {
		u := auth.User{}
		return u, row.Scan(userFields(&u)...)
	})
	return users, classify("find users", err)
}

// conditions are what a statement asks of a row, all at once.
type conditions []string

func (c *conditions) add(condition string) { *c = append(*c, condition) }

func (c conditions) String() string {
	if len(c) == 0 {
		return ""
	}
	return ` WHERE ` + strings.Join(c, ` AND `)
}

// literalLike is a LIKE pattern that matches s alone.
func literalLike(s string) string {
	return strings.NewReplacer(`\`, `\\`, `%`, `\%`, `_`, `\_`).Replace(s)
}

// EmailsOf implements admin.Store.
func (s *Store) EmailsOf(ctx context.Context, ids []string) (map[string]admin.Address, error) {
	ctx, end := bounded(ctx, "read addresses of users")
	defer end()
	rows, err := s.pool.Query(ctx, `SELECT id::text, email, email_verified_at IS NOT NULL FROM users WHERE id = ANY($1::uuid[])`, ids)
	if err != nil {
		return nil, classify("read addresses of users", err)
	}
	emails, id, one := map[string]admin.Address{}, "", admin.Address{}
	_, err = pgx.ForEachRow(rows, []any{&id, &one.Email, &one.Proved}, func() error {
		emails[id] = one
		return nil
	})
	return emails, classify("read addresses of users", err)
}

const userDetails = `
SELECT (SELECT count(*) FROM sessions s WHERE s.user_id = u.id AND s.ended_at IS NULL AND s.expires_at > @now), (` + lockOf + `)
FROM users u WHERE u.id = @user`

// UserDetails implements admin.Store.
func (s *Store) UserDetails(ctx context.Context, userID string, longestLock time.Duration, now time.Time) (admin.UserDetails, error) {
	ctx, end := bounded(ctx, "read a user's standing")
	defer end()
	details := admin.UserDetails{}
	err := s.pool.QueryRow(ctx, userDetails, pgx.NamedArgs{"user": userID, "longest": longestLock, "now": now}).
		Scan(&details.Sessions, &details.LockedUntil)
	return details, classify("read a user's standing", err)
}

const addUser = `
WITH cause AS (
    INSERT INTO users (id, email, name, locale, role, password_hash, email_verified_at, created_at)
    VALUES (@user, @email, @name, @locale, @role, @hash, @verified, @now)
    ON CONFLICT (email) DO NOTHING
    RETURNING id
), issued AS (
    INSERT INTO tickets (hash, kind, user_id, email, sealed, created_at, expires_at)
    SELECT @token, @kind, id, @mailed_to, @sealed, @now, @expires FROM cause WHERE @token::bytea IS NOT NULL
)` + withEffects + `
SELECT EXISTS (SELECT FROM cause)`

// AddUser implements account.Store and admin.Store.
func (s *Store) AddUser(ctx context.Context, u auth.User, token *auth.OneTimeToken, also auth.Effects) (bool, error) {
	args := pgx.NamedArgs{
		"user": u.ID, "email": u.Email, "name": u.Name, "locale": u.Locale, "role": u.Role,
		"hash": orNull(u.PasswordHash), "verified": u.EmailVerifiedAt, "now": u.CreatedAt,
		"token": []byte(nil), "kind": "", "mailed_to": (*string)(nil), "sealed": []byte(nil), "expires": time.Time{},
	}
	if token != nil {
		args["token"], args["kind"], args["mailed_to"] = token.Hash[:], token.Kind, orNull(token.Email)
		args["sealed"], args["expires"] = token.Sealed, token.ExpiresAt
	}
	args, err := effects(also, u.CreatedAt, args)
	if err != nil {
		return false, err
	}
	ctx, end := bounded(ctx, "add user")
	defer end()
	added := false
	err = s.pool.QueryRow(ctx, addUser, args).Scan(&added)
	return added, classify("add user", err)
}
