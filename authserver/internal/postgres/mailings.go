// SPDX-License-Identifier: Apache-2.0

package postgres

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/realmkeeper/realmkeeper/authserver/internal/auth"
)

// Whose mail it is, is looked up first: a total is for what is sent alone.
const mailToken = `
WITH owner AS MATERIALIZED (
    SELECT u.id FROM users u WHERE u.id = @user AND u.disabled_at IS NULL
    FOR KEY SHARE
), quota_asking AS (SELECT), quota_recipient AS (SELECT FROM owner), ` + countingQuotas + `
, cause AS (
    INSERT INTO tickets (hash, kind, user_id, session_id, email, sealed, created_at, expires_at)
    SELECT @hash, @kind, id, @session, @email, @sealed, @now, @expires FROM owner WHERE NOT EXISTS (SELECT FROM quota_refused)%s
    RETURNING hash
)` + withCountedEffects + `
SELECT EXISTS (SELECT FROM cause)`

// A user has one link of each kind. Mailed codes are not among them: each has a handle of its
// own, and a stranger who asks for another must not end that of its owner.
const inPlaceOfTheLast = `
    ON CONFLICT (user_id, kind) WHERE kind IN ('reset', 'verify', 'change_email') DO UPDATE SET
        hash = excluded.hash, session_id = excluded.session_id, email = excluded.email, sealed = excluded.sealed,
        created_at = excluded.created_at, expires_at = excluded.expires_at`

// A sign-in that is stopped has one code, which goes by a name of its own.
const inPlaceOfItself = `
    ON CONFLICT (hash) DO UPDATE SET email = excluded.email, sealed = excluded.sealed, created_at = excluded.created_at, expires_at = excluded.expires_at
    WHERE tickets.user_id = excluded.user_id`

// MailToken implements notify.Store.
func (s *Store) MailToken(ctx context.Context, t auth.OneTimeToken, also auth.Effects) (bool, error) {
	args := pgx.NamedArgs{
		"hash": t.Hash[:], "kind": t.Kind, "user": orNull(t.UserID), "email": t.Email,
		"session": orNull(t.SessionID), "sealed": t.Sealed, "now": t.CreatedAt, "expires": t.ExpiresAt,
	}
	replaces := inPlaceOfTheLast
	switch t.Kind {
	case auth.MailedCodeToken:
		replaces = ""
	case auth.SetUpCodeToken:
		replaces = inPlaceOfItself
	default: // the last link is void
	}
	return s.change(ctx, "mail ticket", fmt.Sprintf(mailToken, replaces), args, t.CreatedAt, also)
}

const mailNotice = `
WITH quota_asking AS (SELECT), quota_recipient AS (SELECT), ` + countingQuotas + `
, cause AS (SELECT WHERE NOT EXISTS (SELECT FROM quota_refused))` + withCountedEffects + `
SELECT EXISTS (SELECT FROM cause)`

// MailNotice implements account.Store.
func (s *Store) MailNotice(ctx context.Context, also auth.Effects, now time.Time) (bool, error) {
	return s.change(ctx, "mail notice", mailNotice, pgx.NamedArgs{}, now, also)
}
