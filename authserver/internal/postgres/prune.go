// SPDX-License-Identifier: Apache-2.0

package postgres

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/realmkeeper/realmkeeper/authserver/internal/notify"
	"github.com/realmkeeper/realmkeeper/authserver/internal/session"
)

// pruneBatch bounds how long one DELETE holds its locks; SKIP LOCKED lets every
// pod prune without waiting for the others.
const pruneBatch = 1000

// Prune deletes what has expired, batch by batch. A session goes with its tokens; a used token of
// a session that lives on goes when it would have expired by itself, because
// until then its reuse must be noticed.
func (s *Store) Prune(ctx context.Context, now time.Time) error {
	for _, statement := range []string{
		`DELETE FROM sessions WHERE id IN (
			SELECT id FROM sessions WHERE expires_at <= @now LIMIT @batch FOR UPDATE SKIP LOCKED)`,
		`DELETE FROM refresh_tokens WHERE hash IN (
			SELECT hash FROM refresh_tokens WHERE expires_at <= @now LIMIT @batch FOR UPDATE SKIP LOCKED)`,
		`DELETE FROM attempts WHERE key IN (
			SELECT key FROM attempts WHERE expires_at <= @now LIMIT @batch FOR UPDATE SKIP LOCKED)`,
		`DELETE FROM tickets WHERE hash IN (
			SELECT hash FROM tickets WHERE expires_at <= @now LIMIT @batch FOR UPDATE SKIP LOCKED)`,
		`DELETE FROM text_codes WHERE user_id IN (
			SELECT user_id FROM text_codes WHERE sent_at <= @hour_ago LIMIT @batch FOR UPDATE SKIP LOCKED)`,
		`DELETE FROM second_factors WHERE (user_id, method) IN (
			SELECT user_id, method FROM second_factors
			WHERE verified_at IS NULL AND created_at <= @day_ago
			LIMIT @batch FOR UPDATE SKIP LOCKED)`,
		`DELETE FROM mail_quotas WHERE account_key IN (
			SELECT account_key FROM mail_quotas WHERE since <= @forgotten LIMIT @batch FOR UPDATE SKIP LOCKED)`,
		`DELETE FROM revocations WHERE about IN (
			SELECT about FROM revocations WHERE revoked_at <= now() - @memory::interval LIMIT @batch FOR UPDATE SKIP LOCKED)`,
	} {
		args := pgx.NamedArgs{
			"now": now, "hour_ago": now.Add(-time.Hour), "day_ago": now.Add(-24 * time.Hour),
			"forgotten": now.Add(-notify.MailLimitWindow), "memory": session.RevocationMemory, "batch": pruneBatch,
		}
		for pruned := int64(pruneBatch); pruned == pruneBatch; {
			var err error
			if pruned, err = s.pruneSome(ctx, statement, args); err != nil {
				return err
			}
		}
	}
	return nil
}

func (s *Store) pruneSome(ctx context.Context, statement string, args pgx.NamedArgs) (int64, error) {
	ctx, end := bounded(ctx, "prune expired rows")
	defer end()
	tag, err := s.pool.Exec(ctx, statement, args)
	return tag.RowsAffected(), classify("prune expired rows", err)
}

func (s *Store) exec(ctx context.Context, doing, statement string, args pgx.NamedArgs) error {
	ctx, end := bounded(ctx, doing)
	defer end()
	_, err := s.pool.Exec(ctx, statement, args)
	return classify(doing, err)
}
