// SPDX-License-Identifier: Apache-2.0

package postgres

import (
	"context"
	"errors"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/realmkeeper/realmkeeper/authserver/internal/auth"
	"github.com/realmkeeper/realmkeeper/authserver/internal/requirement"
)

// RequirementOf implements requirement.Store.
func (s *Store) RequirementOf(ctx context.Context, userID string, kind requirement.Kind) (requirement.Progress, error) {
	ctx, end := s.bounded(ctx, "read requirement")
	defer end()
	p := requirement.Progress{}
	err := s.pool.QueryRow(ctx, `SELECT told_at, due_at, reached_at, met_at FROM requirements WHERE user_id = $1 AND kind = $2`, userID, kind).
		Scan(&p.ToldAt, &p.DueAt, &p.ReachedAt, &p.MetAt)
	if errors.Is(err, pgx.ErrNoRows) {
		return requirement.Progress{}, nil
	}
	return p, classify("read requirement", err)
}

// Of two at once, the second waits for the first one's row, and finds that its user was told.
const tellRequirement = `
WITH told AS (
    INSERT INTO requirements AS r (user_id, kind, told_at, due_at)
    SELECT id, @kind, @now::timestamptz, @now::timestamptz + @grace FROM users WHERE id = @user
    ON CONFLICT (user_id, kind) DO UPDATE SET
        told_at = coalesce(r.told_at, excluded.told_at), due_at = coalesce(r.told_at, excluded.told_at) + @grace
    RETURNING told_at, due_at, reached_at, met_at
), cause AS (
    SELECT FROM told WHERE told_at = @now
)` + withEffects + `
SELECT told_at, due_at, reached_at, met_at, EXISTS (SELECT FROM cause) FROM told`

// TellRequirement implements requirement.Store.
func (s *Store) TellRequirement(ctx context.Context, t requirement.Telling, also auth.Effects) (requirement.Progress, bool, error) {
	now := t.Now.Truncate(time.Microsecond) // as it is stored
	args, err := effects(also, now, pgx.NamedArgs{"user": t.UserID, "kind": t.Kind, "now": now, "grace": t.GracePeriod})
	if err != nil {
		return requirement.Progress{}, false, err
	}
	ctx, end := s.bounded(ctx, "tell requirement")
	defer end()
	p, first := requirement.Progress{}, false
	err = s.pool.QueryRow(ctx, tellRequirement, args).Scan(&p.ToldAt, &p.DueAt, &p.ReachedAt, &p.MetAt, &first)
	if errors.Is(err, pgx.ErrNoRows) {
		return requirement.Progress{}, false, nil
	}
	return p, first, classify("tell requirement", err)
}

// Those who are stopped are counted as they were when the statement began. So it takes a turn
// that nobody has taken since: of two at once, the second waits for the first one's row, finds
// another turn in it than the one it has seen, and does nothing.
const reachRequirement = `
WITH seen AS MATERIALIZED (
    SELECT turn FROM requirement_turns WHERE kind = @kind
), blocked AS MATERIALIZED (
    SELECT @most::bigint > 0 AND (SELECT count(*) FROM (
        SELECT FROM requirements WHERE kind = @kind AND met_at IS NULL AND reached_at > @since LIMIT @most
    ) b) >= @most AS held
), taken AS (
    UPDATE requirement_turns t SET turn = t.turn + 1 FROM seen
    WHERE t.kind = @kind AND t.turn = seen.turn AND NOT (SELECT held FROM blocked)
    RETURNING t.kind
), cause AS (
    INSERT INTO requirements AS r (user_id, kind, reached_at)
    SELECT @user, @kind, @now FROM taken
    ON CONFLICT (user_id, kind) DO UPDATE SET reached_at = excluded.reached_at, met_at = NULL
    RETURNING user_id
)` + withEffects + `
SELECT EXISTS (SELECT FROM cause), (SELECT held FROM blocked)`

// ReachRequirement implements requirement.Store.
func (s *Store) ReachRequirement(ctx context.Context, r requirement.Reach, also auth.Effects) (requirement.Reached, error) {
	args, err := effects(also, r.Now, pgx.NamedArgs{"user": r.UserID, "kind": r.Kind, "since": r.Since, "most": r.Most, "now": r.Now})
	if err != nil {
		return requirement.Reached{}, err
	}
	ctx, end := s.bounded(ctx, "reach requirement")
	defer end()
	done := requirement.Reached{}
	err = s.pool.QueryRow(ctx, reachRequirement, args).Scan(&done.Done, &done.Held)
	if state(err) == foreignKeyViolation {
		return requirement.Reached{}, auth.Refuse(auth.InvalidCredentials) // the user is gone
	}
	return done, classify("reach requirement", err)
}

// BlockedBy implements requirement.Store.
func (s *Store) BlockedBy(ctx context.Context, kind requirement.Kind, since time.Time, most int) (int, error) {
	ctx, end := s.bounded(ctx, "count who is stopped")
	defer end()
	blocked := 0
	err := s.pool.QueryRow(ctx, `SELECT count(*) FROM (
		SELECT FROM requirements WHERE kind = $1 AND met_at IS NULL AND reached_at > $2 LIMIT $3) b`, kind, since, most).Scan(&blocked)
	return blocked, classify("count who is stopped", err)
}

// MeetRequirement implements requirement.Store.
func (s *Store) MeetRequirement(ctx context.Context, userID string, kind requirement.Kind, now time.Time) error {
	return s.exec(ctx, "meet requirement", `UPDATE requirements SET met_at = @now WHERE user_id = @user AND kind = @kind AND met_at IS NULL`,
		pgx.NamedArgs{"user": userID, "kind": kind, "now": now})
}

// metFactors goes after a WITH query called cause, whose row has the user_id of somebody who
// has just got a second factor or a passkey.
const metFactors = `, met AS (
    UPDATE requirements r SET met_at = @now FROM cause WHERE r.user_id = cause.user_id AND r.kind = 'factors' AND r.met_at IS NULL
)`

// interrupted goes before a change that ends sign-ins which are stopped: it has a row if @stop
// is one of them, or none is to be. All of the user's end together, so that two at once do not
// both add something.
const interrupted = `stops AS MATERIALIZED (
    SELECT hash FROM tickets
    WHERE @stop::bytea IS NOT NULL AND user_id = @user AND kind = 'stopped_sign_in' AND expires_at > @now
    ORDER BY hash FOR UPDATE
), ended AS (
    DELETE FROM tickets WHERE hash IN (SELECT hash FROM stops) AND EXISTS (SELECT FROM stops WHERE hash = @stop)
    RETURNING hash
), interrupted AS (
    SELECT WHERE @stop::bytea IS NULL OR EXISTS (SELECT FROM ended WHERE hash = @stop)
)`

// stopOf is the argument of interrupted.
func stopOf(stop *auth.TokenHash) []byte {
	if stop == nil {
		return nil
	}
	return stop[:]
}
