// SPDX-License-Identifier: Apache-2.0

package postgres

import (
	"context"

	"github.com/jackc/pgx/v5"

	"github.com/realmkeeper/realmkeeper/authserver/internal/auth"
	"github.com/realmkeeper/realmkeeper/authserver/internal/federation"
	"github.com/realmkeeper/realmkeeper/authserver/internal/reclaim"
	"github.com/realmkeeper/realmkeeper/authserver/internal/session"
)

// A statement sees what was there when it began. Whoever is in an account while
// its owner reclaims it must not add a way in that the statement does not see. So
// everything that adds one, a login for example, writes the user's row; a reclaim
// waits for it, finds another version of the row than the one it has seen, and
// does nothing at all. Then its caller tries again.
//
// Rows are locked in the order in which a login with a code does: second factor,
// token, user. The statement that follows joins good, which has a token if the
// one that is redeemed is good, and seen, the user.
const locked = `
texts AS MATERIALIZED (
    SELECT 1 FROM text_codes WHERE user_id = @user FOR UPDATE
), factors AS MATERIALIZED (
    SELECT 1 FROM second_factors WHERE user_id = @user ORDER BY method FOR UPDATE
), keys AS MATERIALIZED (
    SELECT 1 FROM passkeys WHERE user_id = @user ORDER BY id FOR UPDATE
), backups AS MATERIALIZED (
    SELECT 1 FROM backup_codes WHERE user_id = @user FOR UPDATE
), held AS MATERIALIZED (
    SELECT count(*) FROM (TABLE texts UNION ALL TABLE factors UNION ALL TABLE keys UNION ALL TABLE backups) f
), promises AS MATERIALIZED (
    SELECT t.hash, t.kind, t.email, t.expires_at
    FROM held, tickets t WHERE t.user_id = @user ORDER BY t.hash FOR UPDATE OF t
), good AS MATERIALIZED (
    SELECT count(*) FILTER (WHERE hash = @token AND kind = @kind AND email = @email AND expires_at > @now) AS tickets
    FROM held LEFT JOIN promises ON true
), seen AS MATERIALIZED (
    SELECT id, xmin AS version FROM users WHERE id = @user
)`

// dropped is what a first proof of the address drops besides the password,
// sessions, tickets and personal access tokens. The row of cause has first_proof.
const dropped = `
, unlinked AS (
    DELETE FROM identities i USING cause WHERE i.user_id = cause.id AND cause.first_proof
), unagreed AS (
    DELETE FROM consents a USING cause WHERE a.user_id = cause.id AND cause.first_proof
), unenrolled AS (
    DELETE FROM second_factors f USING cause WHERE f.user_id = cause.id AND cause.first_proof
), unkeyed AS (
    DELETE FROM passkeys p USING cause WHERE p.user_id = cause.id AND cause.first_proof
), uncoded AS (
    DELETE FROM backup_codes b USING cause WHERE b.user_id = cause.id AND cause.first_proof
), untexted AS (
    DELETE FROM text_codes t USING cause WHERE t.user_id = cause.id AND cause.first_proof
), forgotten AS (
    -- Where somebody has come from before is no news later (see AddressesOf).
    UPDATE sessions s SET user_agent = '', address = ''
    FROM cause WHERE s.user_id = cause.id AND s.ended_at IS NOT NULL AND cause.first_proof
), redeemed AS (
    DELETE FROM tickets t USING cause WHERE t.user_id = cause.id
), left_sessions AS (
    UPDATE sessions s SET ended_at = @now, ended_reason = @reason,
        user_agent = CASE WHEN cause.first_proof THEN '' ELSE user_agent END,
        address = CASE WHEN cause.first_proof THEN '' ELSE address END
    FROM cause WHERE s.user_id = cause.id AND s.ended_at IS NULL AND (@keep::uuid IS NULL OR s.id <> @keep)
    RETURNING s.id
), left_tokens AS (
    DELETE FROM personal_access_tokens t USING cause WHERE t.user_id = cause.id RETURNING t.id
), ended AS (
    TABLE left_sessions UNION ALL TABLE left_tokens
)` + unrecovered + withRevoked + `, cleared AS (
    DELETE FROM attempts WHERE key = ANY (@clears::bytea[]) AND EXISTS (SELECT FROM cause)
)` + strengthened

const reclaimed = `
SELECT EXISTS (SELECT FROM cause), ARRAY(SELECT id::text FROM ended)`

// reclaiming is a statement up to its effects, of what happens if a condition holds.
func reclaiming(condition string) string {
	return `
WITH ` + locked + `, cause AS (
    UPDATE users u SET email_verified_at = @now, password_hash = NULL, password_changed_at = @now, name = '', locale = ''
    FROM good, seen
    WHERE u.id = seen.id AND u.xmin = seen.version AND u.email = @email
      AND u.email_verified_at IS NULL AND u.disabled_at IS NULL` + condition + `
    RETURNING u.id, true AS first_proof
)` + dropped
}

// ReclaimByMail implements reclaim.Store.
func (s *Store) ReclaimByMail(ctx context.Context, r reclaim.Claim, token auth.OneTimeToken, also auth.Effects) (reclaim.Result, error) {
	statement := reclaiming(` AND good.tickets > 0`) + withEffects + reclaimed
	return s.reclaim(ctx, statement, r, also, pgx.NamedArgs{"token": token.Hash[:], "kind": token.Kind})
}

// The identity has no ON CONFLICT, as in createUserWithIdentity.
const reclaimingIdentity = `
, identity AS (
    INSERT INTO identities (id, user_id, provider, issuer, subject, email, created_at, last_used_at)
    SELECT @id, id, @provider, @issuer, @subject, @email, @now, @now FROM cause
)`

// ReclaimByIdentity implements federation.Store.
func (s *Store) ReclaimByIdentity(ctx context.Context, r reclaim.Claim, i federation.LinkedIdentity, also auth.Effects) (reclaim.Result, error) {
	args := identityArgs(i)
	args["token"], args["kind"] = []byte(nil), auth.VerifyEmailToken
	done, err := s.reclaim(ctx, reclaiming(``)+reclaimingIdentity+withEffects+reclaimed, r, also, args)
	if isTaken(err) {
		return reclaim.Result{}, nil
	}
	return done, err
}

func (s *Store) reclaim(ctx context.Context, statement string, r reclaim.Claim, also auth.Effects, args pgx.NamedArgs) (reclaim.Result, error) {
	args["user"], args["email"], args["now"] = r.User.ID, r.User.Email, r.Now
	args["keep"], args["reason"], args["clears"] = nil, session.EndedByReclaim, counterKeys(r.Clears)
	args, err := effects(also, r.Now, args)
	if err != nil {
		return reclaim.Result{}, err
	}
	ctx, end := s.bounded(ctx, "reclaim account")
	defer end()
	done := reclaim.Result{}
	err = s.pool.QueryRow(ctx, statement, args).Scan(&done.Done, &done.Ended)
	return done, classify("reclaim account", err)
}

func counterKeys(keys []auth.CounterKey) [][]byte {
	list := make([][]byte, 0, len(keys))
	for _, k := range keys {
		list = append(list, k[:])
	}
	return list
}

// isTaken reports whether a statement failed because another had what it wanted.
func isTaken(err error) bool { return state(err) == uniqueViolation }
