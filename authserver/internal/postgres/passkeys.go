// SPDX-License-Identifier: Apache-2.0

package postgres

import (
	"context"
	"errors"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/realmkeeper/realmkeeper/authserver/internal/auth"
	"github.com/realmkeeper/realmkeeper/authserver/internal/passkey"
)

const userHandle = `
WITH known AS (
    SELECT handle FROM passkey_users WHERE user_id = @user
), made AS (
    INSERT INTO passkey_users AS p (user_id, handle)
    SELECT id, @handle FROM users WHERE id = @user AND NOT EXISTS (SELECT FROM known)
    ON CONFLICT (user_id) DO UPDATE SET handle = p.handle -- another caller was first
    RETURNING handle
)
SELECT handle FROM known UNION ALL SELECT handle FROM made`

// UserHandle implements passkey.Store.
func (s *Store) UserHandle(ctx context.Context, userID string, fresh []byte) ([]byte, error) {
	ctx, end := s.bounded(ctx, "read user handle")
	defer end()
	handle := []byte{}
	err := s.pool.QueryRow(ctx, userHandle, pgx.NamedArgs{"user": userID, "handle": fresh}).Scan(&handle)
	return handle, classify("read user handle", err)
}

// Whoever adds a way in writes the user's row (see locked). Of several that are added at once,
// one may be more than most. The session is looked at after its user is locked, as those do who
// end sessions.
//
// At a sign-in that is stopped there is no session yet: that sign-in is what must be there still,
// and it ends (see interrupted).
const addPasskey = `
WITH ` + interrupted + `, owner AS (
    UPDATE users u SET email = u.email
    WHERE u.id = @user AND u.disabled_at IS NULL AND u.password_changed_at IS NOT DISTINCT FROM @password_changed
      AND (SELECT count(*) FROM passkeys p WHERE p.user_id = @user) < @most
    RETURNING u.id
), signed_in AS MATERIALIZED (
    SELECT s.id FROM sessions s JOIN owner ON s.user_id = owner.id
    WHERE s.id = @session AND s.ended_at IS NULL AND s.expires_at > @now
    FOR SHARE OF s
), asked AS (
    SELECT FROM signed_in UNION ALL SELECT FROM interrupted WHERE @stop::bytea IS NOT NULL
), cause AS (
    INSERT INTO passkeys (id, user_id, credential_id, rp_id, record, name, user_verified, backup_eligible, backed_up, sign_count, created_at)
    SELECT @id, owner.id, @credential, @rp, @record, @name, @user_verified, @backup_eligible, @backed_up, @sign_count, @now FROM owner, asked
    ON CONFLICT (credential_id) DO NOTHING
    RETURNING user_id
), codes AS (
    INSERT INTO backup_codes (user_id, hashes, created_at)
    SELECT user_id, @backup_codes::bytea[], @now FROM cause WHERE @backup_codes::bytea[] IS NOT NULL
    ON CONFLICT (user_id) DO UPDATE SET hashes = excluded.hashes, created_at = excluded.created_at
)` + metFactors + withEffects + `
SELECT EXISTS (SELECT FROM cause)`

// AddPasskey implements passkey.Store.
func (s *Store) AddPasskey(ctx context.Context, n passkey.NewPasskey, also auth.Effects) (bool, error) {
	p := n.Passkey
	return s.change(ctx, "add passkey", addPasskey, pgx.NamedArgs{
		"user": n.User.ID, "session": orNull(n.SessionID), "stop": stopOf(n.Stopped), "password_changed": n.User.PasswordChangedAt, "most": n.Most, "backup_codes": bytesOf(n.BackupCodes),
		"id": p.ID, "credential": p.CredentialID, "rp": p.RelyingPartyID, "record": p.Record, "name": p.Name, "user_verified": p.UserVerified,
		"backup_eligible": p.BackupEligible, "backed_up": p.BackedUp, "sign_count": int64(p.SignCount), "now": p.CreatedAt,
	}, p.CreatedAt, also)
}

const passkeyColumns = `p.id::text, p.user_id::text, p.credential_id, p.rp_id, p.record, p.name, p.user_verified, p.backup_eligible, p.backed_up,
	p.sign_count, p.created_at, p.last_used_at`

// passkeyFields is where passkeyColumns go.
func passkeyFields(p *passkey.Passkey) []any {
	return []any{
		&p.ID, &p.UserID, &p.CredentialID, &p.RelyingPartyID, &p.Record, &p.Name, &p.UserVerified, &p.BackupEligible, &p.BackedUp,
		&p.SignCount, &p.CreatedAt, &p.LastUsedAt,
	}
}

// PasskeysOf implements passkey.Store.
func (s *Store) PasskeysOf(ctx context.Context, userID string) ([]passkey.Passkey, error) {
	ctx, end := s.bounded(ctx, "list passkeys")
	defer end()
	rows, err := s.pool.Query(ctx, `SELECT `+passkeyColumns+` FROM passkeys p WHERE p.user_id = $1 ORDER BY p.id`, userID)
	if err != nil {
		return nil, classify("list passkeys", err)
	}
	list, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (passkey.Passkey, error) {
		p := passkey.Passkey{}
		err := row.Scan(passkeyFields(&p)...)
		return p, err
	})
	return list, classify("list passkeys", err)
}

// PasskeyByCredential implements passkey.Store.
func (s *Store) PasskeyByCredential(ctx context.Context, credentialID []byte) (passkey.Found, bool, error) {
	ctx, end := s.bounded(ctx, "find passkey")
	defer end()
	f := passkey.Found{}
	err := s.pool.QueryRow(ctx, `
		SELECT `+passkeyColumns+`, h.handle, `+userColumns+`
		FROM passkeys p JOIN passkey_users h ON h.user_id = p.user_id JOIN users u ON u.id = p.user_id
		WHERE p.credential_id = $1`, credentialID).
		Scan(append(append(passkeyFields(&f.Passkey), &f.Handle), userFields(&f.User)...)...)
	if errors.Is(err, pgx.ErrNoRows) {
		return passkey.Found{}, false, nil
	}
	return f, err == nil, classify("find passkey", err)
}

const renamePasskey = `
WITH cause AS (
    UPDATE passkeys SET name = @name WHERE id = @id AND user_id = @user
    RETURNING id
)` + withEffects + `
SELECT EXISTS (SELECT FROM cause)`

// RenamePasskey implements passkey.Store.
func (s *Store) RenamePasskey(ctx context.Context, userID, id, name string, now time.Time, also auth.Effects) (bool, error) {
	if !auth.IsID(id) {
		return false, nil
	}
	return s.change(ctx, "rename passkey", renamePasskey, pgx.NamedArgs{"user": userID, "id": id, "name": name}, now, also)
}

const usePasskey = `
WITH cause AS (
    UPDATE passkeys SET sign_count = greatest(sign_count, @sign_count), backed_up = @backed_up, last_used_at = @now
    WHERE id = @id AND user_id = @user
    RETURNING id
)` + withEffects + `
SELECT EXISTS (SELECT FROM cause)`

// UsePasskey implements passkey.Store.
func (s *Store) UsePasskey(ctx context.Context, p passkey.Presented, now time.Time, also auth.Effects) (bool, error) {
	return s.change(ctx, "use passkey", usePasskey, pgx.NamedArgs{
		"id": p.ID, "user": p.UserID, "sign_count": int64(p.SignCount), "backed_up": p.BackedUp, "now": now,
	}, now, also)
}

// All of the user's passkeys are locked before they are counted: of two that go at once, each
// would otherwise take the other for the way in that is left. One that is no way in, a security
// key or a passkey of another relying party, leaves its user with as many as before.
const removePasskey = `
WITH mine AS MATERIALIZED (
    SELECT id, user_verified, user_verified AND rp_id = @rp AS signs_in FROM passkeys WHERE user_id = @user ORDER BY id FOR UPDATE
), cause AS (
    DELETE FROM passkeys p USING users u
    WHERE p.id = @id AND p.user_id = @user AND u.id = p.user_id
      AND (u.password_hash IS NOT NULL OR EXISTS (SELECT FROM identities i WHERE i.user_id = @user)
        OR EXISTS (SELECT FROM mine WHERE signs_in AND id <> @id)
        OR NOT EXISTS (SELECT FROM mine WHERE signs_in AND id = @id))
    RETURNING p.id
), codes AS (
    DELETE FROM backup_codes WHERE user_id = @user AND EXISTS (SELECT FROM cause)
      AND NOT EXISTS (SELECT FROM mine WHERE NOT user_verified AND id <> @id)
      AND NOT EXISTS (SELECT FROM second_factors WHERE user_id = @user AND verified_at IS NOT NULL)
), stopped AS (
    INSERT INTO requirements AS r (user_id, kind, reached_at)
    SELECT id, 'factors', @now::timestamptz FROM users
    WHERE id = @user AND @required AND EXISTS (SELECT FROM cause) AND NOT EXISTS (SELECT FROM mine WHERE id <> @id)
      AND NOT EXISTS (SELECT FROM second_factors WHERE user_id = @user AND verified_at IS NOT NULL)
    ON CONFLICT (user_id, kind) DO UPDATE SET reached_at = excluded.reached_at, met_at = NULL
)` + withEffects + `
SELECT EXISTS (SELECT FROM mine WHERE id = @id), EXISTS (SELECT FROM cause)`

// RemovePasskey implements passkey.Store.
func (s *Store) RemovePasskey(ctx context.Context, which passkey.Remove, now time.Time, also auth.Effects) (passkey.Removal, error) {
	if !auth.IsID(which.ID) {
		return passkey.Removal{}, nil
	}
	args, err := effects(also, now, pgx.NamedArgs{
		"user": which.UserID, "id": which.ID, "rp": which.RelyingPartyID, "required": which.Required, "now": now,
	})
	if err != nil {
		return passkey.Removal{}, err
	}
	ctx, end := s.bounded(ctx, "remove passkey")
	defer end()
	r := passkey.Removal{}
	err = s.pool.QueryRow(ctx, removePasskey, args).Scan(&r.Found, &r.Removed)
	return r, classify("remove passkey", err)
}
