// SPDX-License-Identifier: Apache-2.0

package postgres

import (
	"context"
	"errors"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/realmkeeper/realmkeeper/authserver/internal/account"
	"github.com/realmkeeper/realmkeeper/authserver/internal/auth"
)

// waits holds for a recovery r that goes on at @now. What voids it deletes it.
const waits = `r.ended_at IS NULL AND r.expires_at > @now`

// otherWaysIn holds for a user @user who has something else to sign in with than a password.
const otherWaysIn = `(EXISTS (SELECT FROM passkeys p WHERE p.user_id = @user AND p.user_verified)
    OR EXISTS (SELECT FROM identities i WHERE i.user_id = @user))`

// unrecovered voids the recovery of the user of a row of cause, and takes back the mail that waits
// with it.
const unrecovered = `, unrecovered AS (
    DELETE FROM recoveries r USING cause WHERE r.user_id = cause.id RETURNING r.mail
), unannounced AS (
    DELETE FROM outbox o USING unrecovered WHERE o.id = unrecovered.mail
)`

const recoveryColumns = `r.user_id::text, r.email, r.begun_at, r.ready_at, r.expires_at, r.address, r.user_agent`

func recoveryFields(r *account.Recovery) []any {
	return []any{&r.UserID, &r.Email, &r.BegunAt, &r.ReadyAt, &r.ExpiresAt, &r.Address, &r.UserAgent}
}

// WaysIn implements account.Store.
func (s *Store) WaysIn(ctx context.Context, userID string, now time.Time) (account.WaysIn, error) {
	ctx, end := s.bounded(ctx, "read ways in")
	defer end()
	w := account.WaysIn{}
	args := pgx.NamedArgs{"user": orNull(userID), "now": now}
	rows, err := s.pool.Query(ctx, `
		SELECT `+otherWaysIn+`, r.user_id IS NOT NULL,
			coalesce(r.user_id::text, ''), coalesce(r.email, ''), coalesce(r.begun_at, @now), coalesce(r.ready_at, @now), coalesce(r.expires_at, @now),
			coalesce(r.address, ''), coalesce(r.user_agent, '')
		FROM (SELECT @user::uuid AS id) u LEFT JOIN recoveries r ON r.user_id = u.id AND `+waits, args)
	if err != nil {
		return account.WaysIn{}, classify("read ways in", err)
	}
	r, waiting := account.Recovery{}, false
	_, err = pgx.ForEachRow(rows, append([]any{&w.Others, &waiting}, recoveryFields(&r)...), func() error { return nil })
	if waiting {
		w.Recovery = &r
	}
	return w, classify("read ways in", err)
}

// The ticket's lock lets one of any number of callers through. A user has one recovery: of two
// with a ticket each, the second finds it, and its ticket is of no use any more.
const beginRecovery = `
WITH quota_asking AS (SELECT), quota_recipient AS (SELECT), ` + countingQuotas + `
, redeemed AS (
    DELETE FROM tickets t USING users u
    WHERE t.hash = @token AND t.kind = 'reset' AND t.user_id = @user AND t.expires_at > @now
      AND u.id = t.user_id AND u.email = t.email AND u.disabled_at IS NULL AND u.password_hash IS NULL
      AND NOT EXISTS (SELECT FROM quota_refused)
      AND NOT EXISTS (SELECT FROM recoveries r WHERE r.user_id = @user AND ` + waits + `)
    RETURNING t.user_id, t.email
), cause AS (
    INSERT INTO recoveries AS r (user_id, email, link, cancel, mail, begun_at, ready_at, expires_at, address, user_agent)
    SELECT user_id, email, @link, @cancel, @mail, @now, @ready, @expires, @address, @user_agent FROM redeemed
    ON CONFLICT (user_id) DO UPDATE SET email = excluded.email, link = excluded.link, cancel = excluded.cancel, mail = excluded.mail,
        begun_at = excluded.begun_at, ready_at = excluded.ready_at, expires_at = excluded.expires_at,
        address = excluded.address, user_agent = excluded.user_agent, approved_at = NULL, ended_at = NULL,
        cancels = CASE WHEN r.ended_at > @forgets THEN r.cancels ELSE 0 END
    WHERE NOT (` + waits + `)
    RETURNING r.user_id
)` + withCountedEffects + `
SELECT EXISTS (SELECT FROM cause), EXISTS (SELECT FROM quota_refused)`

// BeginRecovery implements account.Store.
func (s *Store) BeginRecovery(ctx context.Context, n account.NewRecovery, also auth.Effects) (bool, error) {
	args, err := effects(also, n.BegunAt, pgx.NamedArgs{
		"user": n.UserID, "token": n.Redeems[:], "link": n.Link[:], "cancel": n.Cancel[:], "mail": n.Mail,
		"now": n.BegunAt, "ready": n.ReadyAt, "expires": n.ExpiresAt, "forgets": n.Forgets,
		"address": n.Address, "user_agent": shortAgent(n.UserAgent),
	})
	if err != nil {
		return false, err
	}
	ctx, end := s.bounded(ctx, "begin recovery")
	defer end()
	begun, refused := false, false
	err = s.pool.QueryRow(ctx, beginRecovery, args).Scan(&begun, &refused)
	if err != nil || !refused {
		return begun, classify("begin recovery", err)
	}
	until, err := s.quotasEnd(ctx, args)
	if until != nil {
		err = auth.RefuseFor(auth.RateLimited, until.Sub(n.BegunAt))
	}
	return false, err
}

// RecoveryByLink implements account.Store.
func (s *Store) RecoveryByLink(ctx context.Context, link auth.TokenHash, now time.Time) (account.Recovery, bool, error) {
	return s.recovery(ctx, "link", link, now)
}

// RecoveryByCancel implements account.Store.
func (s *Store) RecoveryByCancel(ctx context.Context, cancel auth.TokenHash, now time.Time) (account.Recovery, bool, error) {
	return s.recovery(ctx, "cancel", cancel, now)
}

func (s *Store) recovery(ctx context.Context, column string, hash auth.TokenHash, now time.Time) (account.Recovery, bool, error) {
	ctx, end := s.bounded(ctx, "find recovery")
	defer end()
	r := account.Recovery{}
	err := s.pool.QueryRow(ctx, `SELECT `+recoveryColumns+` FROM recoveries r JOIN users u ON u.id = r.user_id
		WHERE r.`+column+` = @hash AND `+waits+` AND u.email = r.email AND u.password_hash IS NULL`,
		pgx.NamedArgs{"hash": hash[:], "now": now}).Scan(recoveryFields(&r)...)
	if errors.Is(err, pgx.ErrNoRows) {
		return account.Recovery{}, false, nil
	}
	return r, err == nil, classify("find recovery", err)
}

// Whoever cancels writes the user's row, as whoever uses the link does, and so comes before or
// after: see locked. One that a session has cancelled is kept for its number.
const cancelRecovery = `
WITH owner AS (
    UPDATE users u SET email = u.email WHERE u.id = @user
      AND EXISTS (SELECT FROM recoveries r WHERE r.user_id = @user AND ` + waits + `
        AND (@cancel::bytea IS NULL OR r.cancel = @cancel) AND (@most = 0 OR r.cancels < @most AND r.approved_at IS NULL))
    RETURNING u.id
), cause AS (
    UPDATE recoveries r SET ended_at = @now, expires_at = @until, cancels = r.cancels + CASE WHEN @most > 0 THEN 1 ELSE 0 END
    FROM owner WHERE r.user_id = owner.id AND ` + waits + `
    RETURNING r.mail
), unannounced AS (
    DELETE FROM outbox o USING cause WHERE o.id = cause.mail
)` + withEffects + `
SELECT EXISTS (SELECT FROM cause)`

// CancelRecovery implements account.Store.
func (s *Store) CancelRecovery(ctx context.Context, c account.Cancellation, also auth.Effects) (bool, error) {
	var cancel []byte
	if c.Link != nil {
		cancel = c.Link[:]
	}
	return s.change(ctx, "cancel recovery", cancelRecovery, pgx.NamedArgs{
		"user": c.UserID, "cancel": cancel, "most": c.Most, "now": c.Now, "until": c.Until,
	}, c.Now, also)
}

const approveRecovery = `
WITH before AS MATERIALIZED (
    SELECT r.user_id, r.mail FROM recoveries r WHERE r.user_id = @user AND ` + waits + ` AND r.ready_at > @now
    FOR UPDATE
), cause AS (
    UPDATE recoveries r SET ready_at = @now, expires_at = @expires, approved_at = @now, link = @link, mail = @mail
    FROM before WHERE r.user_id = before.user_id
    RETURNING r.user_id
), unannounced AS (
    DELETE FROM outbox o USING before WHERE o.id = before.mail AND EXISTS (SELECT FROM cause)
)` + withEffects + `
SELECT EXISTS (SELECT FROM cause)`

// ApproveRecovery implements account.Store.
func (s *Store) ApproveRecovery(ctx context.Context, a account.Approval, also auth.Effects) (bool, error) {
	return s.change(ctx, "approve recovery", approveRecovery, pgx.NamedArgs{
		"user": a.UserID, "now": a.ReadyAt, "expires": a.ExpiresAt, "link": a.Link[:], "mail": a.Mail,
	}, a.ReadyAt, also)
}
