// SPDX-License-Identifier: Apache-2.0

package postgres

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/realmkeeper/realmkeeper/authserver/internal/auth"
	"github.com/realmkeeper/realmkeeper/authserver/internal/federation"
)

const useIdentity = `
UPDATE identities i SET last_used_at = @now, email = @email
FROM users u
WHERE i.provider = @provider AND i.issuer = @issuer AND i.subject = @subject AND u.id = i.user_id
RETURNING ` + userColumns

// UseIdentity implements federation.Store.
func (s *Store) UseIdentity(ctx context.Context, i federation.Identity, now time.Time) (auth.User, bool, error) {
	ctx, end := s.bounded(ctx, "use identity")
	defer end()
	return scanUser(s.pool.QueryRow(ctx, useIdentity, pgx.NamedArgs{
		"now": now, "email": i.Email, "provider": i.Provider, "issuer": i.Issuer, "subject": i.Subject,
	}))
}

// Unlike the address, the identity has no ON CONFLICT: when another statement
// was first, this one must fail as a whole, or its user would stay without.
const createUserWithIdentity = `
WITH cause AS (
    INSERT INTO users (id, email, role, name, email_verified_at, created_at)
    VALUES (@user, @email, @role, @name, @verified, @now)
    ON CONFLICT (email) DO NOTHING
    RETURNING id
), identity AS (
    INSERT INTO identities (id, user_id, provider, issuer, subject, email, created_at, last_used_at)
    SELECT @id, id, @provider, @issuer, @subject, @email, @now, @now FROM cause
)` + withEffects + `
SELECT EXISTS (SELECT FROM cause)`

// CreateUserWithIdentity implements federation.Store.
func (s *Store) CreateUserWithIdentity(ctx context.Context, u auth.User, i federation.LinkedIdentity, also auth.Effects) (bool, error) {
	args := identityArgs(i)
	args["role"], args["name"], args["verified"] = u.Role, u.Name, u.EmailVerifiedAt
	created, err := s.change(ctx, "create user", createUserWithIdentity, args, i.CreatedAt, also)
	if isTaken(err) {
		return false, nil
	}
	return created, err
}

const (
	foreignKeyViolation = "23503"
	uniqueViolation     = "23505"
	checkViolation      = "23514"
)

// linkIdentity gives an identity to the user for whom a condition holds. It
// writes the user's row (see locked).
func linkIdentity(condition string) string {
	return `
WITH owner AS (
    UPDATE users u SET email = u.email WHERE u.id = @user AND u.disabled_at IS NULL AND ` + condition + `
    RETURNING u.id
), cause AS (
    INSERT INTO identities (id, user_id, provider, issuer, subject, email, created_at, last_used_at)
    SELECT @id, owner.id, @provider, @issuer, @subject, @email, @now, @now FROM owner
    ON CONFLICT (provider, issuer, subject) DO NOTHING
    RETURNING id
)` + withEffects + `
SELECT EXISTS (SELECT FROM cause)`
}

// LinkByEmail implements federation.Store.
func (s *Store) LinkByEmail(ctx context.Context, i federation.LinkedIdentity, also auth.Effects) (bool, error) {
	proved := linkIdentity(`u.email = @email AND u.email_verified_at IS NOT NULL`)
	return s.change(ctx, "link identity", proved, identityArgs(i), i.CreatedAt, also)
}

// LinkIdentity implements federation.Store.
func (s *Store) LinkIdentity(ctx context.Context, user auth.User, i federation.LinkedIdentity, also auth.Effects) (bool, error) {
	same := linkIdentity(`u.password_changed_at IS NOT DISTINCT FROM @password_changed`)
	args := identityArgs(i)
	args["password_changed"] = user.PasswordChangedAt
	return s.change(ctx, "link identity", same, args, i.CreatedAt, also)
}

func identityArgs(i federation.LinkedIdentity) pgx.NamedArgs {
	return pgx.NamedArgs{
		"id": i.ID, "user": i.UserID, "provider": i.Identity.Provider, "issuer": i.Identity.Issuer,
		"subject": i.Identity.Subject, "email": i.Identity.Email, "now": i.CreatedAt,
	}
}

// change runs a statement with effects that says whether it changed anything.
func (s *Store) change(ctx context.Context, doing, statement string, args pgx.NamedArgs, now time.Time, also auth.Effects) (bool, error) {
	args, err := effects(also, now, args)
	if err != nil {
		return false, err
	}
	ctx, end := s.bounded(ctx, doing)
	defer end()
	changed := false
	err = s.pool.QueryRow(ctx, statement, args).Scan(&changed)
	return changed, classify(doing, err)
}

// IdentitiesOf implements federation.Store.
func (s *Store) IdentitiesOf(ctx context.Context, userID string) ([]federation.LinkedIdentity, error) {
	ctx, end := s.bounded(ctx, "list identities")
	defer end()
	rows, err := s.pool.Query(ctx, `
		SELECT id::text, user_id::text, provider, issuer, subject, email, created_at, last_used_at
		FROM identities i WHERE user_id = $1 ORDER BY i.id`, userID)
	if err != nil {
		return nil, classify("list identities", err)
	}
	list, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (federation.LinkedIdentity, error) {
		i := federation.LinkedIdentity{}
		err := row.Scan(&i.ID, &i.UserID, &i.Identity.Provider, &i.Identity.Issuer, &i.Identity.Subject,
			&i.Identity.Email, &i.CreatedAt, &i.LastUsedAt)
		return i, err
	})
	return list, classify("list identities", err)
}

// All of the user's identities are locked before they are counted: of two that
// go at once, each would otherwise take the other for the way in that is left.
const unlinkIdentity = `
WITH mine AS (
    SELECT id FROM identities WHERE user_id = @user ORDER BY id FOR UPDATE
), cause AS (
    DELETE FROM identities i USING users u
    WHERE i.id = @id AND i.user_id = @user AND u.id = i.user_id
      AND (SELECT count(*) FROM mine) > CASE WHEN u.password_hash IS NULL THEN 1 ELSE 0 END
    RETURNING i.id
)` + withEffects + `
SELECT EXISTS (SELECT FROM mine WHERE id = @id), EXISTS (SELECT FROM cause)`

// UnlinkIdentity implements federation.Store.
func (s *Store) UnlinkIdentity(ctx context.Context, userID, id string, now time.Time, also auth.Effects) (federation.UnlinkResult, error) {
	if !auth.IsID(id) {
		return federation.UnlinkResult{}, nil
	}
	args, err := effects(also, now, pgx.NamedArgs{"user": userID, "id": id})
	if err != nil {
		return federation.UnlinkResult{}, err
	}
	ctx, end := s.bounded(ctx, "unlink identity")
	defer end()
	u := federation.UnlinkResult{}
	err = s.pool.QueryRow(ctx, unlinkIdentity, args).Scan(&u.Found, &u.Removed)
	return u, classify("unlink identity", err)
}
