// SPDX-License-Identifier: Apache-2.0

package postgres

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/realmkeeper/realmkeeper/authserver/internal/auth"
)

// Addresses are taken in the order of their keys, so that two imports at once wait for
// each other and never in a circle, nor do an import and whoever tries the addresses,
// since their attempts are taken over in the same order.
const importUsers = `
WITH imported AS (
    SELECT * FROM jsonb_to_recordset(@users) AS i (
        id uuid, event uuid, email text, name text, locale text, role text, hash text, verified timestamptz)
), added AS (
    INSERT INTO users (id, email, name, locale, role, password_hash, email_verified_at, created_at)
    SELECT id, email, name, locale, role, hash, verified, @now FROM imported ORDER BY account_key(email)
    ON CONFLICT (email) DO NOTHING
    RETURNING id
), recorded AS (
    INSERT INTO audit_events (id, at, action, outcome, target_id, detail)
    SELECT event, @now, @action, @outcome, id, @detail FROM added JOIN imported USING (id)
)
SELECT count(*) FROM added`

type importedUser struct {
	ID       uuid.UUID  `json:"id"`
	Event    uuid.UUID  `json:"event"`
	Email    string     `json:"email"`
	Name     string     `json:"name"`
	Locale   string     `json:"locale"`
	Role     string     `json:"role"`
	Hash     string     `json:"hash"`
	Verified *time.Time `json:"verified"`
}

// ImportUsers implements userimport.Store. Every user who is added has a line in
// the audit log.
func (s *Store) ImportUsers(ctx context.Context, users []auth.User, now time.Time) (int, error) {
	rows := make([]importedUser, 0, len(users))
	for _, u := range users {
		row := importedUser{
			Email: u.Email, Name: u.Name, Locale: u.Locale, Role: u.Role, Hash: u.PasswordHash, Verified: u.EmailVerifiedAt,
		}
		for _, id := range []*uuid.UUID{&row.ID, &row.Event} {
			var err error
			if *id, err = uuid.NewV7(); err != nil {
				return 0, fmt.Errorf("make id: %w", err)
			}
		}
		rows = append(rows, row)
	}
	document, err := json.Marshal(rows)
	if err != nil {
		return 0, fmt.Errorf("encode users: %w", err)
	}
	ctx, end := s.bounded(ctx, "import users")
	defer end()
	added := 0
	err = s.pool.QueryRow(ctx, importUsers, pgx.NamedArgs{
		"users": string(document), "action": auth.ActCreateUser, "outcome": auth.Succeeded, "detail": "imported", "now": now,
	}).Scan(&added)
	return added, classify("import users", err)
}
