// SPDX-License-Identifier: Apache-2.0

package postgres

import (
	"context"
	"errors"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/realmkeeper/realmkeeper/authserver/internal/auth"
	"github.com/realmkeeper/realmkeeper/authserver/internal/grant"
)

// Requests of one client at once may each see room for the last code: a few more than there
// should be do no harm.
const createDeviceCode = `
WITH room AS (
    SELECT count(*) < @most AS left_over FROM (
        SELECT FROM device_codes WHERE client_id = @client AND answered_at IS NULL AND expires_at > @now LIMIT @most
    ) AS open
), created AS (
    INSERT INTO device_codes (hash, user_code_hash, client_id, scope, audience, user_agent, address, created_at, expires_at, interval_seconds)
    SELECT @hash, @user_code, @client, @scope, @audience, @agent, @address, @now, @expires, @interval FROM room WHERE left_over
    ON CONFLICT (user_code_hash) DO NOTHING
    RETURNING hash
)
SELECT EXISTS (SELECT FROM created), left_over FROM room`

// CreateDeviceCode implements grant.Store.
func (s *Store) CreateDeviceCode(ctx context.Context, c grant.NewDeviceCode) (created, room bool, err error) {
	ctx, end := s.bounded(ctx, "create device code")
	defer end()
	err = s.pool.QueryRow(ctx, createDeviceCode, pgx.NamedArgs{
		"hash": c.Hash[:], "user_code": c.UserCode[:], "client": c.ClientID, "scope": strings.Join(c.Scopes, " "),
		"audience": strings.Join(c.Audience, " "), "agent": shortAgent(c.From.UserAgent), "address": c.From.Address,
		"now": c.CreatedAt, "expires": c.ExpiresAt, "interval": int(c.Interval / time.Second), "most": c.MostOpen,
	}).Scan(&created, &room)
	return created, room, classify("create device code", err)
}

const openDeviceCode = `
SELECT hash, client_id, scope, audience, user_agent, address, created_at, expires_at FROM device_codes
WHERE user_code_hash = @user_code AND answered_at IS NULL AND expires_at > @now`

// OpenDeviceCode implements grant.Store.
func (s *Store) OpenDeviceCode(ctx context.Context, userCode auth.TokenHash, now time.Time) (grant.DeviceRequest, bool, error) {
	ctx, end := s.bounded(ctx, "read device code")
	defer end()
	d, hash, scope, audience := grant.DeviceRequest{}, []byte{}, "", ""
	err := s.pool.QueryRow(ctx, openDeviceCode, pgx.NamedArgs{"user_code": userCode[:], "now": now}).
		Scan(&hash, &d.ClientID, &scope, &audience, &d.From.UserAgent, &d.From.Address, &d.CreatedAt, &d.ExpiresAt)
	if errors.Is(err, pgx.ErrNoRows) {
		return grant.DeviceRequest{}, false, nil
	}
	if err != nil {
		return grant.DeviceRequest{}, false, classify("read device code", err)
	}
	d.Hash, d.Scopes, d.Audience = auth.TokenHash(hash), strings.Fields(scope), strings.Fields(audience)
	d.From.UserAgent = wholeAgents()(d.From.UserAgent)
	return d, true, nil
}

// The user is locked before the session, as by those who end sessions, who find the one that
// begins here by the login that goes with it; see useAuthorizationCode. The row lock of the
// code lets answers queue up, and all but the first find that it is answered.
//
// Until the device comes for it, the grant is good for as long as the code.
const allowDeviceCode = `
WITH owner AS MATERIALIZED (
    SELECT u.id FROM users u WHERE u.id = @user AND u.disabled_at IS NULL FOR NO KEY UPDATE OF u
), parent AS MATERIALIZED (
    SELECT s.* FROM owner JOIN sessions s ON s.user_id = owner.id
    WHERE s.id = @session AND s.ended_at IS NULL AND s.expires_at > @now AND s.created_at >= @since
    FOR SHARE OF s
), code AS (
    UPDATE device_codes d SET answered_at = @now, grant_id = @grant FROM parent
    WHERE d.hash = @hash AND d.client_id = @client AND d.created_at >= @client_since AND d.answered_at IS NULL AND d.expires_at > @now
    RETURNING d.*
), own AS (
    INSERT INTO sessions (id, user_id, created_at, auth_time, amr, last_used_at, expires_at, prune_after, user_agent, address, client_id)
    SELECT @grant, parent.user_id, @now, coalesce(parent.auth_time, parent.created_at), parent.amr, @now, code.expires_at,
        (code.expires_at AT TIME ZONE 'UTC')::date, @name, code.address, code.client_id
    FROM parent, code
    RETURNING user_id, auth_time, amr
), noted AS (
    UPDATE users u SET last_login_at = @now FROM own WHERE u.id = own.user_id
), begun AS (
    INSERT INTO grants (id, session_id, sid, auth_time, amr, client_id, scope, audience, created_at, last_used_at, expires_at, prune_after)
    SELECT @grant, @grant, @grant, own.auth_time, own.amr, code.client_id, code.scope, code.audience, @now, @now, code.expires_at,
        (code.expires_at AT TIME ZONE 'UTC')::date
    FROM own, code
), cause AS (
    SELECT FROM own
)` + withEffects + `
SELECT EXISTS (SELECT FROM cause)`

// AllowDeviceCode implements grant.Store.
func (s *Store) AllowDeviceCode(ctx context.Context, a grant.DeviceAnswer, also auth.Effects) (bool, error) {
	if !auth.IsID(a.SessionID) || !auth.IsID(a.UserID) {
		return false, nil // nobody's session
	}
	args, err := effects(also, a.Now, pgx.NamedArgs{
		"hash": a.Device[:], "client": a.ClientID, "client_since": a.Terms.Since, "name": shortAgent(a.Name), "user": a.UserID, "session": a.SessionID,
		"grant": a.GrantID, "since": a.SessionsSince, "now": a.Now,
	})
	if err != nil {
		return false, err
	}
	return s.answered(ctx, "allow device", allowDeviceCode, args)
}

const denyDeviceCode = `
WITH code AS (
    UPDATE device_codes SET answered_at = @now WHERE hash = @hash AND answered_at IS NULL AND expires_at > @now
    RETURNING hash
), cause AS (
    SELECT @user::uuid AS user_id FROM code
)` + withEvent + `
SELECT EXISTS (SELECT FROM cause)`

// DenyDeviceCode implements grant.Store.
func (s *Store) DenyDeviceCode(ctx context.Context, code auth.TokenHash, now time.Time, told auth.Event) (bool, error) {
	return s.answered(ctx, "deny device", denyDeviceCode, eventArgs(told, true, pgx.NamedArgs{"hash": code[:], "user": told.ActorID, "now": now}))
}

func (s *Store) answered(ctx context.Context, doing, statement string, args pgx.NamedArgs) (bool, error) {
	ctx, end := s.bounded(ctx, doing)
	defer end()
	first := false
	err := s.pool.QueryRow(ctx, statement, args).Scan(&first)
	return first, classify(doing, err)
}
