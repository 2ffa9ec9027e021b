// SPDX-License-Identifier: Apache-2.0

package postgres

import (
	"cmp"
	"context"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/realmkeeper/realmkeeper/authserver/internal/admin"
	"github.com/realmkeeper/realmkeeper/authserver/internal/auth"
)

// lockOf finds the lock of a user u at @now, as ReserveAttempts would.
const lockOf = `SELECT ` + endOfLock + ` FROM attempts
	WHERE key = account_key(u.email) AND locked_until IS NOT NULL AND ` + endOfLock + ` > @now`

// lockedUsers are the users u who have the address of a lock l. They are looked up lock by
// lock, in the order of an index that has only those of users: how many locks there are
// besides does not matter. OFFSET keeps the planner from another way, since it takes a lock
// of the user's own address for a rare match, and would read all locks for a page of them.
const lockedUsers = `attempts l CROSS JOIN LATERAL (
	SELECT * FROM users WHERE id = l.user_id AND account_key(email) = l.key OFFSET 0) u`

// lockIsOn holds for a lock l at @now. Written as one value it has an estimate of its own.
// The planner takes conditions on columns for independent, though whatever has a user has a
// role and a lock, and expects so few locks that it would read and sort all of them.
const lockIsOn = `CASE WHEN l.locked_until IS NOT NULL THEN ` + endOfLock + ` END > @now`

// lockedOf are the locked users, of one role where it is given: as attempts_of_user has them,
// or as attempts_of_role has them between two of its entries, for the same reason.
func lockedOf(role, before string) candidates {
	c := candidates{from: lockedUsers, id: `l.user_id`, where: conditions{lockIsOn}}
	switch {
	case role != "":
		c.order = `l.user_role DESC, l.user_id DESC`
		c.where.add(`l.user_role IS NOT NULL AND (l.user_role, l.user_id) >= (@role, @first) AND (l.user_role, l.user_id) < (@role, @before)`)
	case before != "":
		c.where.add(`l.user_id < @before`)
	default:
		c.where.add(`l.user_id IS NOT NULL`)
	}
	return c
}

// Before and after all ids.
const firstID, lastID = "00000000-0000-0000-0000-000000000000", "ffffffff-ffff-ffff-ffff-ffffffffffff"

// candidates are the users u who come into question, of whom id is the id, as the index
// has it that finds them. Ids sort by time.
type candidates struct {
	from, id string
	where    conditions

	// order is what the index sorts them by, "" for their ids.
	order string
}

func (c candidates) String() string { return c.from + c.where.String() }

// newest are the columns of so many of them.
func (c candidates) newest(columns, limit string) string {
	return `SELECT ` + columns + ` FROM ` + c.String() + ` ORDER BY ` + cmp.Or(c.order, c.id+` DESC`) + ` LIMIT ` + limit
}

// FindUsers implements admin.Store.
func (s *Store) FindUsers(ctx context.Context, q admin.UserQuery, now time.Time) ([]auth.User, error) {
	c, args := userSearch(q, now)
	if text := searchText(q, args); text != nil {
		return s.findText(ctx, *text, c, q.Limit, args)
	}
	return s.findUsers(ctx, c, args)
}

// userSearch is what a query asks of users but for their text. It has only the conditions
// that were asked for, so that each finds its index.
func userSearch(q admin.UserQuery, now time.Time) (candidates, pgx.NamedArgs) {
	args := pgx.NamedArgs{"now": now, "limit": q.Limit, "longest": q.LongestLock, "role": q.Role, "before": cmp.Or(q.Before, lastID), "first": firstID}
	c := candidates{from: `users u`, id: `u.id`}
	switch q.Status {
	case admin.LockedStatus:
		c = lockedOf(q.Role, q.Before)
	case admin.ActiveStatus:
		c.where.add(`u.disabled_at IS NULL`)
	case admin.DisabledStatus:
		c.where.add(`u.disabled_at IS NOT NULL`)
	case admin.UnverifiedStatus:
		c.where.add(`u.email_verified_at IS NULL`)
	}
	if q.Role != "" {
		c.where.add(`u.role = @role`)
	}
	if q.Before != "" && q.Status != admin.LockedStatus {
		c.where.add(c.id + ` < @before`)
	}
	return c, args
}

// findUsers reads a page of users.
func (s *Store) findUsers(ctx context.Context, c candidates, args pgx.NamedArgs) ([]auth.User, error) {
	ctx, end := s.bounded(ctx, "find users")
	defer end()
	rows, err := s.pool.Search(ctx, c.newest(userColumns, `@limit`), args)
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
	ctx, end := s.bounded(ctx, "read addresses of users")
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
	ctx, end := s.bounded(ctx, "read a user's standing")
	defer end()
	rows, err := s.pool.Search(ctx, userDetails, pgx.NamedArgs{"user": userID, "longest": longestLock, "now": now})
	if err != nil {
		return admin.UserDetails{}, classify("read a user's standing", err)
	}
	details, err := pgx.CollectExactlyOneRow(rows, func(row pgx.CollectableRow) (admin.UserDetails, error) {
		d := admin.UserDetails{}
		return d, row.Scan(&d.Sessions, &d.LockedUntil)
	})
	return details, classify("read a user's standing", err)
}

const addUser = `
WITH quota_asking AS (SELECT), quota_recipient AS (SELECT), ` + countingQuotas + `
, cause AS (
    INSERT INTO users (id, email, name, locale, role, password_hash, email_verified_at, created_at)
    SELECT @user, @email, @name, @locale, @role, @hash, @verified, @now
    WHERE NOT @required OR NOT EXISTS (SELECT FROM quota_refused)
    ON CONFLICT (email) DO NOTHING
    RETURNING id
), issued AS (
    INSERT INTO tickets (hash, kind, user_id, email, sealed, created_at, expires_at)
    SELECT @token, @kind, id, @mailed_to, @sealed, @now, @expires FROM cause WHERE @token::bytea IS NOT NULL
)` + withCountedEffects + `
SELECT EXISTS (SELECT FROM cause), @required AND EXISTS (SELECT FROM quota_refused)`

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
	args["required"] = also.Required
	args, err := effects(also, u.CreatedAt, args)
	if err != nil {
		return false, err
	}
	ctx, end := s.bounded(ctx, "add user")
	defer end()
	added, refused := false, false
	err = s.pool.QueryRow(ctx, addUser, args).Scan(&added, &refused)
	if err != nil || !refused {
		return added, classify("add user", err)
	}
	until, err := s.quotasEnd(ctx, args)
	if until != nil {
		err = auth.RefuseFor(auth.RateLimited, until.Sub(u.CreatedAt))
	}
	return false, err
}
