// SPDX-License-Identifier: Apache-2.0

package postgres

import (
	"context"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/realmkeeper/realmkeeper/authserver/internal/auth"
	"github.com/realmkeeper/realmkeeper/internal/mailaddress"
)

// lockOf finds the lock of a user u at @now, as ReserveAttempts would.
const lockOf = `SELECT ` + endOfLock + ` FROM attempts
	WHERE key = sha256(convert_to(u.email, 'UTF8')) AND locked_until IS NOT NULL AND ` + endOfLock + ` > @now`

// FindUsers implements auth.Directory. The statement has only the conditions
// that were asked for, so that each finds its index. Ids sort by time.
func (s *Store) FindUsers(ctx context.Context, q auth.UserQuery, now time.Time) ([]auth.User, error) {
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
	case auth.ActiveStatus:
		where.add(`u.disabled_at IS NULL`)
	case auth.DisabledStatus:
		where.add(`u.disabled_at IS NOT NULL`)
	case auth.UnverifiedStatus:
		where.add(`u.email_verified_at IS NULL`)
	case auth.LockedStatus:
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

// EmailsOf implements auth.Directory.
func (s *Store) EmailsOf(ctx context.Context, ids []string) (map[string]auth.Address, error) {
	ctx, end := bounded(ctx, "read addresses of users")
	defer end()
	rows, err := s.pool.Query(ctx, `SELECT id::text, email, email_verified_at IS NOT NULL FROM users WHERE id = ANY($1::uuid[])`, ids)
	if err != nil {
		return nil, classify("read addresses of users", err)
	}
	emails, id, one := map[string]auth.Address{}, "", auth.Address{}
	_, err = pgx.ForEachRow(rows, []any{&id, &one.Email, &one.Proved}, func() error {
		emails[id] = one
		return nil
	})
	return emails, classify("read addresses of users", err)
}

const standingOf = `
SELECT (SELECT count(*) FROM sessions s WHERE s.user_id = u.id AND s.ended_at IS NULL AND s.expires_at > @now), (` + lockOf + `)
FROM users u WHERE u.id = @user`

// StandingOf implements auth.Directory.
func (s *Store) StandingOf(ctx context.Context, userID string, longestLock time.Duration, now time.Time) (auth.Standing, error) {
	ctx, end := bounded(ctx, "read a user's standing")
	defer end()
	standing := auth.Standing{}
	err := s.pool.QueryRow(ctx, standingOf, pgx.NamedArgs{"user": userID, "longest": longestLock, "now": now}).
		Scan(&standing.Sessions, &standing.LockedUntil)
	return standing, classify("read a user's standing", err)
}

const addUser = `
WITH cause AS (
    INSERT INTO users (id, email, name, locale, role, password_hash, email_verified_at, created_at)
    VALUES (@user, @email, @name, @locale, @role, @hash, @verified, @now)
    ON CONFLICT (email) DO NOTHING
    RETURNING id
), issued AS (
    INSERT INTO tickets (hash, kind, user_id, email, sealed, created_at, expires_at)
    SELECT @ticket, @kind, id, @mailed_to, @sealed, @now, @expires FROM cause WHERE @ticket::bytea IS NOT NULL
)` + withEffects + `
SELECT EXISTS (SELECT FROM cause)`

// AddUser implements auth.Directory.
func (s *Store) AddUser(ctx context.Context, u auth.User, ticket *auth.Ticket, also auth.Effects) (bool, error) {
	args := pgx.NamedArgs{
		"user": u.ID, "email": u.Email, "name": u.Name, "locale": u.Locale, "role": u.Role,
		"hash": orNull(u.PasswordHash), "verified": u.EmailVerifiedAt, "now": u.CreatedAt,
		"ticket": []byte(nil), "kind": "", "mailed_to": (*string)(nil), "sealed": []byte(nil), "expires": time.Time{},
	}
	if ticket != nil {
		args["ticket"], args["kind"], args["mailed_to"] = ticket.Hash[:], ticket.Kind, orNull(ticket.Email)
		args["sealed"], args["expires"] = ticket.Sealed, ticket.ExpiresAt
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
