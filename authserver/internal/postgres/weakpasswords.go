// SPDX-License-Identifier: Apache-2.0

package postgres

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/realmkeeper/realmkeeper/authserver/internal/requirement"
)

// What is known already is not written again: people sign in often.
const noteWeakPassword = `
INSERT INTO weak_passwords AS w (user_id, seen_at)
SELECT id, @now FROM users WHERE id = @user
ON CONFLICT (user_id) DO UPDATE SET seen_at = excluded.seen_at
    WHERE w.seen_at < (SELECT password_changed_at FROM users WHERE id = @user)`

// NoteWeakPassword implements requirement.Store.
func (s *Store) NoteWeakPassword(ctx context.Context, userID string, now time.Time) error {
	return s.exec(ctx, "note weak password", noteWeakPassword, pgx.NamedArgs{"user": userID, "now": now})
}

// NoteSoundPassword implements requirement.Store.
func (s *Store) NoteSoundPassword(ctx context.Context, userID string) error {
	return s.exec(ctx, "note sound password", `WITH cause AS (SELECT @user::uuid AS id)`+strengthened+` SELECT`, pgx.NamedArgs{"user": userID})
}

// strengthened is what a new password ends. The row of cause is its user.
const strengthened = `
, sound AS (
    DELETE FROM weak_passwords w USING cause WHERE w.user_id = cause.id
), begun_anew AS (
    DELETE FROM requirements r USING cause WHERE r.user_id = cause.id AND r.kind = 'passwords'
)`

// weak is whether the password of a user u, whose row of weak_passwords is w, is the one that
// was weak.
const weak = `u.disabled_at IS NULL AND u.password_hash IS NOT NULL AND (u.password_changed_at IS NULL OR u.password_changed_at <= w.seen_at)`

// lookedWeak are the first @look of those whose password was weak, behind @after.
const lookedWeak = `SELECT user_id AS id, seen_at FROM weak_passwords WHERE user_id > @after ORDER BY user_id LIMIT @look`

const withWeakPasswords = `
WITH looked AS MATERIALIZED (` + lookedWeak + `), people AS MATERIALIZED (
    SELECT u.id FROM looked w CROSS JOIN LATERAL (SELECT * FROM users WHERE id = w.id OFFSET 0) u WHERE ` + weak + `
), grouped AS MATERIALIZED (
    SELECT w.group_id, count(*) AS without FROM people u CROSS JOIN LATERAL ` + groupsOfUser + ` w GROUP BY w.group_id
), named AS MATERIALIZED (
    SELECT g.name, grouped.without FROM grouped CROSS JOIN LATERAL (SELECT name FROM groups WHERE id = grouped.group_id OFFSET 0) g
)
SELECT (SELECT count(*) FROM people), (SELECT count(*) FROM people),
       coalesce((SELECT id::text FROM looked ORDER BY id OFFSET @look - 1), ''),
       ARRAY(SELECT name FROM named ORDER BY name), ARRAY(SELECT without FROM named ORDER BY name)`

// WithWeakPasswords implements requirement.Store.
func (s *Store) WithWeakPasswords(ctx context.Context, b requirement.Batch) (requirement.Tally, error) {
	return s.tally(ctx, "count weak passwords", withWeakPasswords, b)
}

// The last row is that of nobody, as in peopleWithoutFactors.
const peopleWithWeakPasswords = `
WITH looked AS MATERIALIZED (` + lookedWeak + `), people AS MATERIALIZED (
    SELECT u.id, r.told_at, r.due_at, r.reached_at, r.met_at, CASE
        WHEN r.reached_at IS NOT NULL THEN 'stopped'
        WHEN r.told_at IS NOT NULL THEN 'told'
        ELSE 'without'
    END AS state
    FROM looked w CROSS JOIN LATERAL (SELECT * FROM users WHERE id = w.id OFFSET 0) u
    LEFT JOIN LATERAL (SELECT * FROM requirements WHERE user_id = w.id AND kind = 'passwords' OFFSET 0) r ON true
    WHERE ` + weak + ` AND (@group = '' OR ` + `%s` + `)
)` + pageOfPeople

// PeopleWithWeakPasswords implements requirement.Store.
func (s *Store) PeopleWithWeakPasswords(ctx context.Context, q requirement.Query) (requirement.Page, error) {
	return s.people(ctx, "list people with weak passwords", filled(peopleWithWeakPasswords, inGroups("ARRAY[@group::text]")), q)
}
