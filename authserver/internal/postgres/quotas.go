// SPDX-License-Identifier: Apache-2.0

package postgres

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/realmkeeper/realmkeeper/authserver/internal/auth"
)

// countingQuotas counts messages against their quotas if quota_asking has a row; quotas
// for what is sent alone, if quota_recipient has one, too. Afterwards quota_refused has
// the messages that were not within all of theirs, and those counted against none. Its
// arguments are among those of effects.
//
// The locks of the rows, taken in the order of their keys, make messages queue up. The
// first messages for a key find no row to lock: the last condition is for them, and what one of
// their quotas refuses may then be counted by another.
const countingQuotas = `
quota_asked AS MATERIALIZED (
    SELECT message, key, allowed
    FROM unnest(@quota_messages::uuid[], @quota_keys::bytea[], @quota_allowed::integer[], @quota_if_sent::boolean[])
        AS a (message, key, allowed, if_sent)
    WHERE EXISTS (SELECT FROM quota_asking) AND (NOT if_sent OR EXISTS (SELECT FROM quota_recipient))
), quota_held AS MATERIALIZED (
    SELECT key, used, since FROM quotas
    WHERE key = ANY(@quota_keys::bytea[]) AND EXISTS (SELECT FROM quota_asking)
    ORDER BY key FOR UPDATE
), quota_full AS (
    SELECT a.message FROM quota_asked a JOIN quota_held h USING (key)
    WHERE h.used >= a.allowed AND h.since > @quota_stale
), quota_counted AS (
    INSERT INTO quotas AS q (key, used, allowed, since)
    SELECT key, 1, allowed, @effects_at FROM quota_asked WHERE message NOT IN (SELECT message FROM quota_full)
    ORDER BY key
    ON CONFLICT (key) DO UPDATE SET
        used = CASE WHEN q.since <= @quota_stale THEN 1 ELSE q.used + 1 END,
        allowed = excluded.allowed,
        since = CASE WHEN q.since <= @quota_stale THEN excluded.since ELSE q.since END
    WHERE q.used < excluded.allowed OR q.since <= @quota_stale
    RETURNING key
), quota_refused AS (
    SELECT message FROM quota_asked WHERE key NOT IN (SELECT key FROM quota_counted)
)`

// quotaArgs adds to args those of countingQuotas.
func quotaArgs(messages []auth.Message, now time.Time, args pgx.NamedArgs) {
	ids, keys, allowed, ifSent := []string{}, [][]byte{}, []int{}, []bool{}
	for _, m := range messages {
		for _, q := range m.Quotas {
			ids, keys = append(ids, m.ID), append(keys, q.Key[:])
			allowed, ifSent = append(allowed, q.Limit), append(ifSent, q.IfSent)
		}
	}
	args["quota_messages"], args["quota_keys"], args["quota_allowed"], args["quota_if_sent"] = ids, keys, allowed, ifSent
	args["quota_stale"] = now.Add(-auth.QuotaWindow)
}

const quotasEnd = `
SELECT max(q.since + @window::interval)
FROM quotas q JOIN unnest(@quota_keys::bytea[], @quota_allowed::integer[]) AS a (key, allowed) USING (key)
WHERE q.used >= a.allowed AND q.since > @quota_stale`

// quotasEnd is when the last of the quotas has room again that have refused a
// statement; nil when none has.
func (s *Store) quotasEnd(ctx context.Context, args pgx.NamedArgs) (*time.Time, error) {
	var end *time.Time
	err := s.pool.QueryRow(ctx, quotasEnd, pgx.NamedArgs{
		"quota_keys": args["quota_keys"], "quota_allowed": args["quota_allowed"], "quota_stale": args["quota_stale"],
		"window": auth.QuotaWindow,
	}).Scan(&end)
	return end, classify("read quotas", err)
}
