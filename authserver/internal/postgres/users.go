// SPDX-License-Identifier: Apache-2.0

package postgres

import (
	"context"
	"errors"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/realmkeeper/realmkeeper/authserver/internal/auth"
	"github.com/realmkeeper/realmkeeper/internal/mailaddress"
)

const userColumns = `u.id::text, u.email, u.role, u.name, u.locale, coalesce(u.password_hash, ''),
	u.email_verified_at, u.disabled_at, u.password_changed_at, u.created_at, u.last_login_at, ` + methodsOfUser

// userFields is where userColumns go.
func userFields(u *auth.User) []any {
	return []any{
		&u.ID, &u.Email, &u.Role, &u.Name, &u.Locale, &u.PasswordHash,
		&u.EmailVerifiedAt, &u.DisabledAt, &u.PasswordChangedAt, &u.CreatedAt, &u.LastLoginAt, &u.Methods,
	}
}

func scanUser(row pgx.Row) (auth.User, bool, error) {
	u := auth.User{}
	err := row.Scan(userFields(&u)...)
	if errors.Is(err, pgx.ErrNoRows) {
		return auth.User{}, false, nil
	}
	return u, err == nil, classify("read user", err)
}

// UserByEmail implements account.Store and federation.Store.
func (s *Store) UserByEmail(ctx context.Context, email mailaddress.Address) (auth.User, bool, error) {
	return s.UserByStoredEmail(ctx, string(email))
}

// UserByStoredEmail implements signin.Store and admin.Store.
func (s *Store) UserByStoredEmail(ctx context.Context, email string) (auth.User, bool, error) {
	ctx, end := s.bounded(ctx, "read user")
	defer end()
	return scanUser(s.pool.QueryRow(ctx, `SELECT `+userColumns+` FROM users u WHERE u.email = $1`, email))
}

// UserByID implements the Store of most capabilities.
func (s *Store) UserByID(ctx context.Context, id string) (auth.User, bool, error) {
	if !auth.IsID(id) {
		return auth.User{}, false, nil
	}
	ctx, end := s.bounded(ctx, "read user")
	defer end()
	return scanUser(s.pool.QueryRow(ctx, `SELECT `+userColumns+` FROM users u WHERE u.id = $1`, id))
}

// UserOfSession implements session.Store.
func (s *Store) UserOfSession(ctx context.Context, userID, sessionID string, now time.Time) (auth.User, bool, error) {
	if !auth.IsID(userID) || !auth.IsID(sessionID) {
		return auth.User{}, false, nil
	}
	ctx, end := s.bounded(ctx, "read user")
	defer end()
	return scanUser(s.pool.QueryRow(ctx, `
		SELECT `+userColumns+`
		FROM sessions s JOIN users u ON u.id = s.user_id
		WHERE s.id = $1 AND u.id = $2 AND s.ended_at IS NULL AND s.expires_at > $3 AND u.disabled_at IS NULL`, sessionID, userID, now))
}
