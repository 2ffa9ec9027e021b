// SPDX-License-Identifier: Apache-2.0

package postgres

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/realmkeeper/realmkeeper/authserver/internal/auth"
	"github.com/realmkeeper/realmkeeper/authserver/internal/client"
)

// ofRegistered holds for the rows of consents that the index consents_of_registered has.
const ofRegistered = `client_id ~ '^(https://|registered-)'`

const registeredClientColumns = `id, metadata::text, since, read_at, fresh_until, used_on, expires_at`

// RegisteredClient implements client.Store.
func (s *Store) RegisteredClient(ctx context.Context, id string) (client.Registered, bool, error) {
	ctx, end := s.bounded(ctx, "read registered client")
	defer end()
	r, err := scanRegistered(s.pool.QueryRow(ctx, `SELECT `+registeredClientColumns+` FROM registered_clients WHERE id = @id`, pgx.NamedArgs{"id": id}))
	if errors.Is(err, pgx.ErrNoRows) {
		return client.Registered{}, false, nil
	}
	return r, err == nil, classify("read registered client", err)
}

func scanRegistered(row pgx.Row) (client.Registered, error) {
	r, metadata, readAt, freshUntil, usedOn := client.Registered{}, "", (*time.Time)(nil), (*time.Time)(nil), (*time.Time)(nil)
	if err := row.Scan(&r.ID, &metadata, &r.Since, &readAt, &freshUntil, &usedOn, &r.ExpiresAt); err != nil {
		return client.Registered{}, err
	}
	for _, column := range []struct{ from, to *time.Time }{{readAt, &r.ReadAt}, {freshUntil, &r.FreshUntil}, {usedOn, &r.UsedOn}} {
		if column.from != nil {
			*column.to = *column.from
		}
	}
	if err := json.Unmarshal([]byte(metadata), &r.Metadata); err != nil {
		return client.Registered{}, &auth.Error{Code: auth.Internal, Cause: fmt.Errorf("decode metadata of client: %w", err)}
	}
	return r, nil
}

// KeepRegisteredClient implements client.Store.
func (s *Store) KeepRegisteredClient(ctx context.Context, id string, now, until time.Time) error {
	return s.exec(ctx, "keep registered client", `
UPDATE registered_clients SET used_on = (@now::timestamptz AT TIME ZONE 'UTC')::date, expires_at = greatest(expires_at, @until)
WHERE id = @id AND expires_at > @now AND coalesce(used_on < (@now::timestamptz AT TIME ZONE 'UTC')::date, true)`,
		pgx.NamedArgs{"id": id, "now": now, "until": until})
}

// Whoever adds a client locks the count first, which has the others wait: the last place is
// given away once. One that has expired comes to be anew, in its place.
const storeRegisteredClient = `
WITH again AS (
    UPDATE registered_clients r SET metadata = @metadata, read_at = @read, fresh_until = @fresh,
        since = CASE WHEN r.expires_at > @since THEN r.since ELSE @since END,
        used_on = CASE WHEN r.expires_at > @since THEN r.used_on END,
        expires_at = CASE WHEN r.expires_at > @since THEN greatest(r.expires_at, @expires) ELSE @expires END
    WHERE r.id = @id
    RETURNING *
), room AS (
    UPDATE registered_client_counts SET clients = clients + 1
    WHERE origin = @origin AND clients < @most AND NOT EXISTS (SELECT FROM again)
    RETURNING origin
), added AS (
    INSERT INTO registered_clients (id, origin, metadata, since, read_at, fresh_until, expires_at)
    SELECT @id, origin, @metadata, @since, @read, @fresh, @expires FROM room
    RETURNING *
), cause AS (
    SELECT NULL::uuid AS user_id FROM added UNION ALL
    SELECT NULL FROM again JOIN registered_clients was USING (id) WHERE again.since = @since AND was.expires_at <= @since
)` + withEvent + `
SELECT ` + registeredClientColumns + ` FROM again UNION ALL SELECT ` + registeredClientColumns + ` FROM added`

// StoreRegisteredClient implements registrar.Store.
func (s *Store) StoreRegisteredClient(ctx context.Context, r client.Registered, most int, told auth.Event) (client.Registered, bool, error) {
	metadata, err := json.Marshal(r.Metadata)
	if err != nil {
		return client.Registered{}, false, fmt.Errorf("encode metadata of client: %w", err)
	}
	ctx, end := s.bounded(ctx, "store registered client")
	defer end()
	args := eventArgs(told, false, pgx.NamedArgs{
		"id": r.ID, "origin": client.WayOf(r.ID), "metadata": string(metadata), "since": r.Since, "read": timeOrNull(r.ReadAt), "fresh": timeOrNull(r.FreshUntil),
		"expires": r.ExpiresAt, "most": most,
	})
	stored, err := scanRegistered(s.pool.QueryRow(ctx, storeRegisteredClient, args))
	if isTaken(err) { // another caller has added it meanwhile
		stored, err = scanRegistered(s.pool.QueryRow(ctx, storeRegisteredClient, args))
	}
	if errors.Is(err, pgx.ErrNoRows) {
		return client.Registered{}, false, nil
	}
	return stored, err == nil, classify("store registered client", err)
}

func timeOrNull(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	return &t
}

// forgetConsents deletes what people have agreed to of clients that nobody declares, and that
// have expired.
func forgetConsents() pruning {
	return pruning{"consents", `
WITH due AS MATERIALIZED (
    SELECT theirs.place, r.expires_at AS at FROM registered_clients r CROSS JOIN LATERAL (
        SELECT ctid AS place FROM consents WHERE client_id = r.id AND ` + ofRegistered + ` LIMIT @batch FOR UPDATE SKIP LOCKED
    ) AS theirs
    WHERE r.expires_at >= @from AND r.expires_at <= @now
    ORDER BY r.expires_at LIMIT @batch
), pruned AS (
    DELETE FROM consents WHERE ctid = ANY (ARRAY(SELECT place FROM due))
)
SELECT count(*), max(at) FROM due WHERE ` + unawaited}
}

// forgetClients deletes such clients once nobody's consent to them is left. Their grants have
// expired before them.
func forgetClients() pruning {
	return pruning{"registered_clients", `
WITH due AS MATERIALIZED (
    SELECT ctid AS place, expires_at AS at FROM registered_clients r
    WHERE expires_at >= @from AND expires_at <= @now
      AND (SELECT true FROM consents WHERE client_id = r.id AND ` + ofRegistered + ` LIMIT 1) IS NULL
    ORDER BY expires_at LIMIT @batch FOR UPDATE OF r SKIP LOCKED
), pruned AS (
    DELETE FROM registered_clients WHERE ctid = ANY (ARRAY(SELECT place FROM due))
    RETURNING origin
), fewer AS (
    UPDATE registered_client_counts c SET clients = greatest(c.clients - gone.clients, 0)
    FROM (SELECT origin, count(*)::integer AS clients FROM pruned GROUP BY origin) AS gone WHERE c.origin = gone.origin
)
SELECT count(*), max(at) FROM due WHERE ` + unawaited}
}
