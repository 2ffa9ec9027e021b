// SPDX-License-Identifier: Apache-2.0

package postgres

import (
	"context"

	"github.com/jackc/pgx/v5"

	"github.com/realmkeeper/realmkeeper/authserver/internal/account"
	"github.com/realmkeeper/realmkeeper/authserver/internal/auth"
	"github.com/realmkeeper/realmkeeper/authserver/internal/passkey"
	"github.com/realmkeeper/realmkeeper/authserver/internal/session"
)

const mailRegistration = `
WITH quota_asking AS (SELECT), quota_recipient AS (SELECT), ` + countingQuotas + `
, cause AS (
    INSERT INTO tickets (hash, kind, email, sealed, created_at, expires_at)
    SELECT @hash, @kind, @email, @sealed, @now, @expires WHERE NOT EXISTS (SELECT FROM quota_refused)
    RETURNING hash
)` + withCountedEffects + `
SELECT EXISTS (SELECT FROM cause)`

// MailRegistration implements account.Store.
func (s *Store) MailRegistration(ctx context.Context, t auth.OneTimeToken, also auth.Effects) (bool, error) {
	return s.change(ctx, "mail registration", mailRegistration, pgx.NamedArgs{
		"hash": t.Hash[:], "kind": t.Kind, "email": t.Email, "sealed": t.Sealed, "now": t.CreatedAt, "expires": t.ExpiresAt,
	}, t.CreatedAt, also)
}

// passkeyOfCause adds a passkey to the user of a row of cause, if there is one. Another user may have its
// credential: then nothing happens at all, since a user would be left without any.
const passkeyOfCause = `, keyed AS (
    INSERT INTO passkeys (id, user_id, credential_id, rp_id, record, name, user_verified, backup_eligible, backed_up, sign_count, created_at)
    SELECT @passkey, id, @credential, @rp, @record, @passkey_name, @user_verified, @backup_eligible, @backed_up, @sign_count, @now FROM cause
    WHERE @credential::bytea IS NOT NULL
)`

func passkeyArgs(p *passkey.Passkey, args pgx.NamedArgs) pgx.NamedArgs {
	if p == nil {
		p = &passkey.Passkey{}
	}
	args["passkey"], args["credential"], args["rp"] = orNull(p.ID), p.CredentialID, p.RelyingPartyID
	args["record"], args["passkey_name"], args["user_verified"] = p.Record, p.Name, p.UserVerified
	args["backup_eligible"], args["backed_up"], args["sign_count"] = p.BackupEligible, p.BackedUp, int64(p.SignCount)
	return args
}

const addProvenUser = `
WITH redeemed AS (
    DELETE FROM tickets WHERE hash = @token AND kind = @kind AND email = @email AND expires_at > @now
    RETURNING hash
), cause AS (
    INSERT INTO users (id, email, name, locale, role, password_hash, email_verified_at, created_at)
    SELECT @user, @email, @name, @locale, @role, @hash, @now, @now FROM redeemed
    ON CONFLICT (email) DO NOTHING
    RETURNING id
), known AS (
    INSERT INTO passkey_users (user_id, handle) SELECT id, @handle FROM cause WHERE @credential::bytea IS NOT NULL
)` + passkeyOfCause + withEffects + `
SELECT EXISTS (SELECT FROM cause)`

// AddProvenUser implements account.Store. The ticket's lock lets one of any number of callers
// through.
func (s *Store) AddProvenUser(ctx context.Context, n account.NewUser, also auth.Effects) (bool, error) {
	added, err := s.change(ctx, "add proven user", addProvenUser, passkeyArgs(n.Passkey, pgx.NamedArgs{
		"token": n.Redeems[:], "kind": auth.RegistrationToken, "user": n.ID, "email": n.Email, "name": n.Name, "locale": n.Locale,
		"role": n.Role, "hash": orNull(n.PasswordHash), "handle": n.Handle, "now": n.CreatedAt,
	}), n.CreatedAt, also)
	if isTaken(err) {
		err = auth.Refuse(auth.PasskeyExists)
	}
	return added, err
}

// The user's row is what whoever cancels, or changes what lets its user in, writes too: see locked.
const giveCredential = `
WITH ` + locked + `, due AS MATERIALIZED (
    SELECT r.link = @token AS linked FROM recoveries r
    WHERE r.user_id = @user AND ` + waits + ` AND r.ready_at <= @now AND r.email = @email
), cause AS (
    UPDATE users u SET password_hash = @new_hash, password_changed_at = @now, email_verified_at = coalesce(email_verified_at, @now),
        name = CASE WHEN @reclaims THEN '' ELSE name END, locale = CASE WHEN @reclaims THEN '' ELSE locale END
    FROM good, seen
    WHERE u.id = seen.id AND u.xmin = seen.version AND u.email = @email AND u.disabled_at IS NULL
      AND u.password_hash IS NULL AND (u.email_verified_at IS NULL) = @reclaims
      AND (EXISTS (SELECT FROM due WHERE linked)
        OR good.tickets > 0 AND (@at_once OR @reclaims OR EXISTS (SELECT FROM due) OR NOT ` + otherWaysIn + `))
    RETURNING u.id, @reclaims AS first_proof
), replaced_links AS (
    DELETE FROM identities i USING cause WHERE i.user_id = cause.id AND NOT cause.first_proof
), replaced_keys AS (
    DELETE FROM passkeys p USING cause WHERE p.user_id = cause.id AND p.user_verified AND NOT cause.first_proof
)` + passkeyOfCause + dropped + withEffects + reclaimed

// GiveCredential implements account.Store.
func (s *Store) GiveCredential(ctx context.Context, n account.NewCredential, also auth.Effects) (account.PasswordChange, error) {
	args, err := effects(also, n.Now, passkeyArgs(n.Passkey, pgx.NamedArgs{
		"user": n.User.ID, "email": n.User.Email, "reclaims": n.Reclaims(), "at_once": n.AtOnce,
		"new_hash": orNull(n.Hash), "token": n.Redeems[:], "kind": auth.ResetPasswordToken, "clears": counterKeys(n.Clears),
		"keep": nil, "reason": session.EndedByRecovery, "now": n.Now,
	}))
	if err != nil {
		return account.PasswordChange{}, err
	}
	ctx, end := s.bounded(ctx, "give credential")
	defer end()
	c := account.PasswordChange{}
	err = s.pool.QueryRow(ctx, giveCredential, args).Scan(&c.Changed, &c.Ended)
	if isTaken(err) {
		return account.PasswordChange{}, auth.Refuse(auth.PasskeyExists)
	}
	return c, classify("give credential", err)
}
