// SPDX-License-Identifier: Apache-2.0

package postgres

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/realmkeeper/realmkeeper/authserver/internal/auth"
	"github.com/realmkeeper/realmkeeper/authserver/internal/mfa"
)

// methodsOfUser is auth.User.Methods of a user u.
const methodsOfUser = `ARRAY(
	SELECT f.method FROM second_factors f WHERE f.user_id = u.id AND f.verified_at IS NOT NULL
	UNION ALL SELECT 'backup_code' FROM backup_codes b WHERE b.user_id = u.id AND b.hashes <> '{}'
	UNION ALL SELECT DISTINCT CASE WHEN p.user_verified THEN 'passkey' ELSE 'security_key' END FROM passkeys p WHERE p.user_id = u.id
	ORDER BY 1 DESC)`

// A user without a factor of this kind may have backup codes all the same, and so has a row
// without one.
const factorsOf = `
SELECT coalesce(f.method, ''), coalesce(f.enrolment::text, ''), f.sealed, coalesce(f.last_step, 0), coalesce(f.created_at, u.created_at), f.verified_at,
       coalesce(t.id::text, ''), t.sealed, t.sent_at, t.expires_at,
       coalesce(cardinality(b.hashes), 0), (SELECT min(p.created_at) FROM passkeys p WHERE p.user_id = u.id AND NOT p.user_verified)
FROM users u
LEFT JOIN second_factors f ON f.user_id = u.id
LEFT JOIN backup_codes b ON b.user_id = u.id
LEFT JOIN text_codes t ON t.user_id = u.id AND t.enrolment = f.enrolment
      AND t.sealed IS NOT NULL AND t.expires_at > @now
WHERE u.id = @user ORDER BY f.method DESC`

// FactorsOf implements mfa.Store.
func (s *Store) FactorsOf(ctx context.Context, userID string, now time.Time) (mfa.Factors, error) {
	ctx, end := s.bounded(ctx, "read second factors")
	defer end()
	rows, err := s.pool.Query(ctx, factorsOf, pgx.NamedArgs{"user": userID, "now": now})
	if err != nil {
		return mfa.Factors{}, classify("read second factors", err)
	}
	factors := mfa.Factors{}
	factors.All, err = pgx.CollectRows(rows, func(row pgx.CollectableRow) (mfa.Factor, error) {
		f, text := mfa.Factor{UserID: userID}, mfa.TextCode{UserID: userID}
		var sentAt, expiresAt *time.Time
		err := row.Scan(&f.Method, &f.Enrolment, &f.Sealed, &f.LastStep, &f.CreatedAt, &f.VerifiedAt,
			&text.ID, &text.Sealed, &sentAt, &expiresAt, &factors.BackupCodes, &factors.SecurityKeySince)
		if err == nil && text.ID != "" {
			text.Enrolment, text.SentAt, text.ExpiresAt = f.Enrolment, *sentAt, *expiresAt
			f.Text = &text
		}
		return f, err
	})
	factors.All = slices.DeleteFunc(factors.All, func(f mfa.Factor) bool { return f.Method == "" })
	return factors, classify("read second factors", err)
}

// putFactor takes the place of a pending factor, and of no other. It follows a
// WITH query called begun.
const putFactor = `
    INSERT INTO second_factors AS f (user_id, method, enrolment, sealed, backup_codes, created_at)
    SELECT @user, @method, @enrolment, @factor, @backup_codes, @now FROM begun
    ON CONFLICT (user_id, method) DO UPDATE SET
        enrolment = excluded.enrolment, sealed = excluded.sealed, backup_codes = excluded.backup_codes,
        created_at = excluded.created_at, last_step = 0
    WHERE f.verified_at IS NULL
    RETURNING f.user_id`

const enrol = `WITH begun AS (SELECT FROM users WHERE id = @user)` + putFactor

func putArgs(f mfa.NewFactor, args pgx.NamedArgs) pgx.NamedArgs {
	args["user"], args["method"], args["enrolment"] = f.UserID, f.Method, f.Enrolment
	args["factor"], args["backup_codes"], args["now"] = f.Sealed, bytesOf(f.BackupCodes), f.CreatedAt
	return args
}

// bytesOf is nil for nil.
func bytesOf(hashes []auth.TokenHash) [][]byte {
	var list [][]byte
	for _, h := range hashes {
		list = append(list, h[:])
	}
	return list
}

// Enrol implements mfa.Store.
func (s *Store) Enrol(ctx context.Context, f mfa.NewFactor) (bool, error) {
	return s.happened(ctx, "enrol second factor", enrol, putArgs(f, pgx.NamedArgs{}))
}

// The backup codes of an enrolment never change, so the snapshot they are read
// from may be an older one than the row that is updated.
const verifyFactor = `
WITH ` + interrupted + `, texted AS (
    UPDATE text_codes SET sealed = NULL
    WHERE user_id = @user AND id = @text AND sealed IS NOT NULL AND expires_at > @now
    RETURNING user_id
), cause AS (
    UPDATE second_factors SET verified_at = @now, last_step = coalesce(@step::bigint, 0), backup_codes = NULL
    WHERE user_id = @user AND method = @method AND enrolment = @enrolment AND verified_at IS NULL
      AND (@text::uuid IS NULL OR EXISTS (SELECT FROM texted)) AND EXISTS (SELECT FROM interrupted)
    RETURNING user_id
), owner AS (
    UPDATE users u SET email = u.email FROM cause WHERE u.id = cause.user_id -- (see locked)
), codes AS (
    INSERT INTO backup_codes (user_id, hashes, created_at)
    SELECT f.user_id, f.backup_codes, @now FROM second_factors f JOIN cause USING (user_id)
    WHERE f.enrolment = @enrolment AND f.backup_codes IS NOT NULL
    ON CONFLICT (user_id) DO UPDATE SET hashes = excluded.hashes, created_at = excluded.created_at
), cleared AS (
    DELETE FROM attempts WHERE key = @guesses AND EXISTS (SELECT FROM cause)
)` + metFactors + withEffects + `
SELECT FROM cause`

// VerifyFactor implements mfa.Store.
func (s *Store) VerifyFactor(ctx context.Context, code mfa.MatchedCode, now time.Time, also auth.Effects) (bool, error) {
	args, err := effects(also, now, codeArgs(code, now, pgx.NamedArgs{"stop": stopOf(code.Stopped)}))
	if err != nil {
		return false, err
	}
	return s.happened(ctx, "verify second factor", verifyFactor, args)
}

// Security keys are nothing but a second factor, and go with the others.
const removeFactors = `
WITH removed AS (
    DELETE FROM second_factors WHERE user_id = @user AND (@method = '' OR method = @method)
    RETURNING method, verified_at
), keys AS (
    DELETE FROM passkeys WHERE user_id = @user AND @method = '' AND (@passkeys OR NOT user_verified)
    RETURNING id
), cause AS (
    SELECT FROM removed WHERE verified_at IS NOT NULL UNION ALL SELECT FROM keys
), codes AS (
    DELETE FROM backup_codes WHERE user_id = @user AND EXISTS (SELECT FROM cause) AND NOT EXISTS (
        SELECT FROM second_factors
        WHERE user_id = @user AND verified_at IS NOT NULL AND method NOT IN (SELECT method FROM removed)
        UNION ALL SELECT FROM passkeys WHERE user_id = @user AND NOT user_verified AND @method <> '')
), left_over AS (
    SELECT FROM second_factors WHERE user_id = @user AND verified_at IS NOT NULL AND method NOT IN (SELECT method FROM removed)
    UNION ALL SELECT FROM passkeys WHERE user_id = @user AND id NOT IN (SELECT id FROM keys)
), stopped AS (
    INSERT INTO requirements AS r (user_id, kind, reached_at)
    SELECT id, 'factors', @now::timestamptz FROM users
    WHERE id = @user AND @required AND EXISTS (SELECT FROM cause) AND NOT EXISTS (SELECT FROM left_over)
    ON CONFLICT (user_id, kind) DO UPDATE SET reached_at = excluded.reached_at, met_at = NULL
)` + withEffects + `
SELECT FROM cause`

// RemoveFactors implements mfa.Store.
func (s *Store) RemoveFactors(ctx context.Context, userID string, which mfa.Which, now time.Time, also auth.Effects) (bool, error) {
	args, err := effects(also, now, pgx.NamedArgs{"user": userID, "method": which.Method, "passkeys": which.Passkeys, "required": which.Required, "now": now})
	if err != nil {
		return false, err
	}
	return s.happened(ctx, "remove second factors", removeFactors, args)
}

const replaceBackupCodes = `
WITH cause AS (
    INSERT INTO backup_codes (user_id, hashes, created_at)
    SELECT user_id, @hashes::bytea[], @now::timestamptz FROM (
        SELECT user_id FROM second_factors WHERE user_id = @user AND verified_at IS NOT NULL
        UNION SELECT user_id FROM passkeys WHERE user_id = @user AND NOT user_verified
    ) f
    ON CONFLICT (user_id) DO UPDATE SET hashes = excluded.hashes, created_at = excluded.created_at
    RETURNING user_id
)` + withEffects + `
SELECT FROM cause`

// ReplaceBackupCodes implements mfa.Store.
func (s *Store) ReplaceBackupCodes(ctx context.Context, userID string, hashes []auth.TokenHash, now time.Time, also auth.Effects) (bool, error) {
	args, err := effects(also, now, pgx.NamedArgs{"user": userID, "hashes": bytesOf(hashes), "now": now})
	if err != nil {
		return false, err
	}
	return s.happened(ctx, "replace backup codes", replaceBackupCodes, args)
}

// happened runs a statement that returns a row if it has changed something.
func (s *Store) happened(ctx context.Context, doing, statement string, args pgx.NamedArgs) (bool, error) {
	ctx, end := s.bounded(ctx, doing)
	defer end()
	rows, err := s.pool.Query(ctx, statement, args)
	if err != nil {
		return false, classify(doing, err)
	}
	happened := rows.Next()
	rows.Close()
	return happened, classify(doing, rows.Err())
}

// useCode uses up the code of a mfa.MatchedCode, whichever it is; used has a row
// when this caller did. Row locks let callers with one code queue up, and the
// next finds that the step has passed, or the hash or the text is gone. Its
// arguments are those of codeArgs.
const useCode = `stepped AS (
    UPDATE second_factors SET last_step = @step
    WHERE user_id = @user AND method = @method AND enrolment = @enrolment AND verified_at IS NOT NULL
      AND last_step < @step
    RETURNING user_id
), crossed AS (
    UPDATE backup_codes SET hashes = array_remove(hashes, @backup::bytea)
    WHERE user_id = @user AND @backup = ANY (hashes)
    RETURNING user_id
), texted AS (
    UPDATE text_codes SET sealed = NULL
    WHERE user_id = @user AND id = @text AND enrolment = @enrolment AND sealed IS NOT NULL AND expires_at > @now
    RETURNING user_id
), used AS (
    SELECT FROM stepped UNION ALL SELECT FROM crossed UNION ALL SELECT FROM texted
)`

func codeArgs(code mfa.MatchedCode, now time.Time, args pgx.NamedArgs) pgx.NamedArgs {
	var backup []byte
	if code.Backup != nil {
		backup = code.Backup[:]
	}
	args["user"], args["method"], args["enrolment"] = code.UserID, code.Method, orNull(code.Enrolment)
	args["step"], args["backup"], args["text"] = code.Step, backup, orNull(code.Text)
	args["guesses"], args["now"] = code.Guesses[:], now
	return args
}

const useCodeAlone = `
WITH ` + useCode + `, cleared AS (
    DELETE FROM attempts WHERE key = @guesses AND EXISTS (SELECT FROM used)
)
SELECT FROM used`

// UseCode implements mfa.Store.
func (s *Store) UseCode(ctx context.Context, code mfa.MatchedCode, now time.Time) (bool, error) {
	return s.happened(ctx, "spend code", useCodeAlone, codeArgs(code, now, pgx.NamedArgs{}))
}

// The row of a user's last code carries the count, so that its lock makes
// messages queue up, and asking for another telephone begins no other count. What that
// count refuses uses up no quota.
const sendText = `
WITH last AS MATERIALIZED (
    SELECT sent_at + @pause <= @now AND (sent_in_hour < @per_hour OR hour_began_at + @hour <= @now) AS ago
    FROM text_codes WHERE user_id = @user FOR UPDATE
), quota_asking AS (SELECT WHERE coalesce((SELECT ago FROM last), true)), quota_recipient AS (SELECT), ` + countingQuotas + `
, begun AS (
    INSERT INTO text_codes AS t (user_id, id, enrolment, sealed, expires_at, sent_at, hour_began_at, sent_in_hour)
    SELECT id, @id::uuid, @enrolment::uuid, @sealed::bytea, @expires::timestamptz, @now, @now, 1 FROM users
    WHERE id = @user AND NOT EXISTS (SELECT FROM quota_refused)
    ON CONFLICT (user_id) DO UPDATE SET
        id = excluded.id, enrolment = excluded.enrolment, sealed = excluded.sealed,
        expires_at = excluded.expires_at, sent_at = @now,
        hour_began_at = CASE WHEN t.hour_began_at + @hour <= @now THEN @now ELSE t.hour_began_at END,
        sent_in_hour = CASE WHEN t.hour_began_at + @hour <= @now THEN 1 ELSE t.sent_in_hour + 1 END
    WHERE t.sent_at + @pause <= @now AND (t.sent_in_hour < @per_hour OR t.hour_began_at + @hour <= @now)
    RETURNING t.user_id
), cause AS (%s)` + withCountedEffects + `
SELECT EXISTS (SELECT FROM cause), EXISTS (SELECT FROM begun)`

// A refusal takes a second statement: the first has waited for the row, and does
// not see what it says since.
const nextText = `
SELECT greatest(sent_at + @pause, CASE WHEN sent_in_hour >= @per_hour THEN hour_began_at + @hour END)
FROM text_codes WHERE user_id = @user`

const knownFactor = `
    SELECT FROM second_factors f JOIN begun USING (user_id)
    WHERE f.enrolment = @enrolment AND f.verified_at IS NOT NULL`

// SendText implements mfa.Store.
func (s *Store) SendText(ctx context.Context, code mfa.TextCode, enrols *mfa.NewFactor, limit mfa.TextLimit, also auth.Effects) (mfa.TextSent, error) {
	named := pgx.NamedArgs{
		"user": code.UserID, "id": code.ID, "enrolment": code.Enrolment, "sealed": code.Sealed,
		"now": code.SentAt, "expires": code.ExpiresAt,
		"hour": time.Hour, "pause": limit.Pause, "per_hour": limit.PerHour,
	}
	cause := knownFactor
	if enrols != nil {
		cause, named = putFactor, putArgs(*enrols, named)
	}
	args, err := effects(also, code.SentAt, named)
	if err != nil {
		return mfa.TextSent{}, err
	}
	ctx, end := s.bounded(ctx, "send text")
	defer end()
	sent, begun := mfa.TextSent{}, false
	err = s.pool.QueryRow(ctx, fmt.Sprintf(sendText, cause), args).Scan(&sent.Sent, &begun)
	if err == nil && !begun {
		sent.RetryAt, err = s.nextText(ctx, named)
	}
	return sent, classify("send text", err)
}

// nextText is when a text that was refused may be sent: nil for a user who is gone.
func (s *Store) nextText(ctx context.Context, args pgx.NamedArgs) (*time.Time, error) {
	until, err := s.quotasEnd(ctx, args)
	if err != nil || until != nil {
		return until, err
	}
	err = s.pool.QueryRow(ctx, nextText, args).Scan(&until)
	if errors.Is(err, pgx.ErrNoRows) {
		return nil, nil
	}
	return until, err
}
