// SPDX-License-Identifier: Apache-2.0

package postgres

import (
	"context"
	"errors"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/realmkeeper/realmkeeper/authserver/internal/auth"
	"github.com/realmkeeper/realmkeeper/authserver/internal/grant"
)

// Whoever waits for the row's lock reads what it has become. A row that is answered is
// written to no more.
const pollDeviceCode = `
WITH code AS MATERIALIZED (
    SELECT hash, CASE
        WHEN used_at IS NOT NULL THEN '` + string(grant.DeviceUsed) + `'
        WHEN expires_at <= @now THEN '` + string(grant.DeviceExpired) + `'
        WHEN grant_id IS NOT NULL THEN '` + string(grant.DeviceAllowed) + `'
        WHEN answered_at IS NOT NULL THEN '` + string(grant.DeviceDenied) + `'
        WHEN polled_at + make_interval(secs => interval_seconds) > @punctual THEN '` + string(grant.DeviceTooSoon) + `'
        ELSE '` + string(grant.DeviceWaits) + `' END AS state
    FROM device_codes WHERE hash = @hash AND client_id = @client AND created_at >= @client_since
    FOR NO KEY UPDATE
), polled AS (
    UPDATE device_codes d SET polled_at = @now,
        interval_seconds = d.interval_seconds + CASE WHEN code.state = '` + string(grant.DeviceTooSoon) + `' THEN @slow_down ELSE 0 END
    FROM code WHERE d.hash = code.hash AND code.state IN ('` + string(grant.DeviceWaits) + `', '` + string(grant.DeviceTooSoon) + `')
)
SELECT state FROM code`

// PollDeviceCode implements grant.Store.
func (s *Store) PollDeviceCode(ctx context.Context, p grant.DevicePoll) (grant.DeviceState, error) {
	ctx, end := s.bounded(ctx, "poll device code")
	defer end()
	state := grant.DeviceUnknown
	err := s.pool.QueryRow(ctx, pollDeviceCode, pgx.NamedArgs{
		"hash": p.Code[:], "client": p.ClientID, "client_since": p.Since, "punctual": p.Punctual, "now": p.Now, "slow_down": int(p.SlowDown / time.Second),
	}).Scan(&state)
	if errors.Is(err, pgx.ErrNoRows) {
		return grant.DeviceUnknown, nil
	}
	return state, classify("poll device code", err)
}

// Row locks are taken in the order in which a refresh does: what the client shows, the
// session, the grant.
const useDeviceCode = `
WITH code AS (
    UPDATE device_codes SET used_at = @now
    WHERE hash = @hash AND client_id = @client AND created_at >= @client_since AND grant_id IS NOT NULL AND used_at IS NULL AND expires_at > @now
    RETURNING grant_id
), lived AS (
    UPDATE sessions s SET last_used_at = @now, expires_at = @expires
    FROM code, users u
    WHERE s.id = code.grant_id AND u.id = s.user_id AND u.disabled_at IS NULL AND s.ended_at IS NULL AND s.expires_at > @now AND s.created_at >= @since
    RETURNING s.*
), begun AS (
    UPDATE grants g SET last_used_at = @now, expires_at = @expires, dpop_jkt = @grant_key FROM lived WHERE g.id = lived.id AND g.ended_at IS NULL
    RETURNING g.*
), token AS (
    INSERT INTO grant_tokens (hash, grant_id, expires_at) SELECT @refresh, id, @expires FROM begun WHERE @refresh::bytea IS NOT NULL
), hearing AS (
    INSERT INTO session_clients (session_id, client_id, user_id, sid, granted_at)
    SELECT begun.session_id, begun.client_id, lived.user_id, begun.sid, @now FROM begun, lived WHERE @hears_logouts
), cause AS (
    SELECT lived.user_id FROM lived, begun
)` + withEvent + `
SELECT ` + grantColumns + `, ` + userColumns + `
FROM begun g JOIN lived s ON s.id = g.session_id JOIN users u ON u.id = s.user_id`

// UseDeviceCode implements grant.Store.
func (s *Store) UseDeviceCode(ctx context.Context, r grant.Redemption, told auth.Event) (grant.Held, bool, error) {
	var refresh []byte
	if r.Refresh != nil {
		refresh = r.Refresh[:]
	}
	return s.held(ctx, "use device code", useDeviceCode, eventArgs(told, true, pgx.NamedArgs{
		"hash": r.Code[:], "client": r.ClientID, "client_since": r.Terms.Since, "hears_logouts": r.HearsLogouts, "refresh": refresh,
		"grant_key": orNull(r.GrantKey), "since": r.SessionsSince, "now": r.Now, "expires": r.ExpiresAt,
	}))
}

// EndGrantOfDeviceCode implements grant.Store.
func (s *Store) EndGrantOfDeviceCode(ctx context.Context, code auth.TokenHash, now time.Time, told auth.Event) (grant.Held, bool, error) {
	return s.endGrantOf(ctx, "end grant of device code", "device_codes", code, now, told)
}
