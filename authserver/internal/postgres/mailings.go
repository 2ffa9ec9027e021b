// SPDX-License-Identifier: Apache-2.0

package postgres

import (
	"context"
	"crypto/sha256"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/realmkeeper/realmkeeper/authserver/internal/auth"
	"github.com/realmkeeper/realmkeeper/authserver/internal/notify"
)

// withinQuota counts a mail, and returns a row if it is within the limit. The
// row's lock makes requests queue up, so that any number at once get no more.
const withinQuota = `
WITH quota AS (
    INSERT INTO mail_quotas AS q (account_key, mails, since) VALUES (@account, 1, @now)
    ON CONFLICT (account_key) DO UPDATE SET
        mails = CASE WHEN q.since <= @stale THEN 1 ELSE q.mails + 1 END,
        since = CASE WHEN q.since <= @stale THEN @now ELSE q.since END
    WHERE q.mails < @limit OR q.since <= @stale
    RETURNING account_key
)`

// quotaArgs are of one kind of mail to one address: whoever asks for mails of one
// kind must not use up those of another, above all not the owner's way back in.
func quotaArgs(kind string, account auth.AccountKey, now time.Time) pgx.NamedArgs {
	key := sha256.Sum256(append([]byte(kind+"\x00"), account[:]...))
	return pgx.NamedArgs{
		"account": key[:], "now": now, "limit": notify.MailLimit, "stale": now.Add(-notify.MailLimitWindow),
	}
}

const mailToken = withinQuota + `
, owner AS (
    SELECT u.id FROM users u
    WHERE u.id = @user AND u.disabled_at IS NULL AND EXISTS (SELECT FROM quota)
    FOR KEY SHARE
), cause AS (
    INSERT INTO tickets (hash, kind, user_id, session_id, email, created_at, expires_at)
    SELECT @hash, @kind, id, @session, @email, @now, @expires FROM owner
    ON CONFLICT (user_id, kind) WHERE kind IN ('reset', 'verify', 'change_email') DO UPDATE SET
        hash = excluded.hash, session_id = excluded.session_id, email = excluded.email,
        created_at = excluded.created_at, expires_at = excluded.expires_at
    RETURNING hash
)` + withEffects + `
SELECT EXISTS (SELECT FROM cause)`

// MailToken implements notify.Store.
func (s *Store) MailToken(ctx context.Context, t auth.OneTimeToken, also auth.Effects) (bool, error) {
	args := quotaArgs(string(t.Kind), auth.KeyOf(t.Email), t.CreatedAt)
	args["hash"], args["kind"], args["user"], args["email"] = t.Hash[:], t.Kind, orNull(t.UserID), t.Email
	args["session"], args["expires"] = orNull(t.SessionID), t.ExpiresAt
	return s.change(ctx, "mail ticket", mailToken, args, t.CreatedAt, also)
}

const mailNotice = withinQuota + `
, cause AS (SELECT FROM quota)` + withEffects + `
SELECT EXISTS (SELECT FROM cause)`

// MailNotice implements account.Store.
func (s *Store) MailNotice(ctx context.Context, account auth.AccountKey, also auth.Effects, now time.Time) (bool, error) {
	return s.change(ctx, "mail notice", mailNotice, quotaArgs("notice", account, now), now, also)
}
