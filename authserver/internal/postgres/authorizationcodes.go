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
	"github.com/realmkeeper/realmkeeper/authserver/internal/session"
)

const issueCode = `
WITH live AS (
    SELECT s.id, s.amr FROM sessions s JOIN users u ON u.id = s.user_id
    WHERE s.id = @session AND u.id = @user AND s.ended_at IS NULL AND s.expires_at > @now AND s.created_at >= @since AND u.disabled_at IS NULL
), issued AS (
    INSERT INTO authorization_codes (hash, session_id, client_id, redirect_uri, code_challenge, scope, audience, nonce, claims, offline, consented, dpop_jkt, created_at, expires_at)
    SELECT @hash, id, @client, @redirect_uri, @challenge, @scope, @audience, @nonce, @claims, @offline, @consented::text[], @key, @now, @expires FROM live
)
SELECT coalesce(amr, '') FROM live`

// IssueAuthorizationCode implements grant.Store.
func (s *Store) IssueAuthorizationCode(ctx context.Context, c grant.Code) (amr []string, issued bool, err error) {
	if !auth.IsID(c.SessionID) || !auth.IsID(c.UserID) {
		return nil, false, nil // nobody's session
	}
	ctx, end := s.bounded(ctx, "issue authorization code")
	defer end()
	shown := ""
	err = s.pool.QueryRow(ctx, issueCode, pgx.NamedArgs{
		"hash": c.Hash[:], "session": c.SessionID, "user": c.UserID, "client": c.ClientID, "redirect_uri": c.RedirectURI,
		"challenge": orNull(c.Challenge), "scope": strings.Join(c.Scopes, " "), "audience": strings.Join(c.Audience, " "),
		"nonce": orNull(c.Nonce), "claims": jsonOrNull(c.Claims), "offline": c.Offline, "consented": c.Consented, "key": orNull(c.Key),
		"now": c.CreatedAt, "expires": c.ExpiresAt, "since": c.SessionsSince,
	}).Scan(&shown)
	if errors.Is(err, pgx.ErrNoRows) {
		return nil, false, nil
	}
	return strings.Fields(shown), err == nil, classify("issue authorization code", err)
}

func jsonOrNull(document []byte) *string { return orNull(string(document)) }

// Row locks let callers with one code queue up, and all but the first find that it is
// used. It is, whatever else is wrong: who shows it to us knows no more than a thief.
//
// A consent that is being withdrawn meanwhile is waited for, and is none then.
//
// The user is locked before the session, as by those who end sessions. They find a
// session of the grant's own by the login that goes with it, as they find that of
// startDescendant.
const useAuthorizationCode = `
WITH code AS (
    UPDATE authorization_codes SET used_at = @now, grant_id = @grant
    WHERE hash = @hash AND used_at IS NULL
    RETURNING *
), bound AS MATERIALIZED (
    SELECT * FROM code
    WHERE client_id = @client AND redirect_uri = @redirect_uri AND code_challenge IS NOT DISTINCT FROM @challenge
      AND (dpop_jkt IS NULL OR dpop_jkt = @key)
      AND expires_at > @now AND created_at >= @client_since
), owner AS MATERIALIZED (
    SELECT u.* FROM bound JOIN sessions s ON s.id = bound.session_id JOIN users u ON u.id = s.user_id
    WHERE u.disabled_at IS NULL
    FOR NO KEY UPDATE OF u
), consent AS MATERIALIZED (
    SELECT c.user_id FROM bound, owner JOIN consents c ON c.user_id = owner.id
    WHERE c.client_id = bound.client_id AND c.scopes @> bound.consented
    FOR KEY SHARE OF c
), parent AS MATERIALIZED (
    SELECT s.* FROM bound JOIN sessions s ON s.id = bound.session_id JOIN owner ON owner.id = s.user_id
    WHERE (bound.consented IS NULL OR EXISTS (SELECT FROM consent))
      AND s.ended_at IS NULL AND s.expires_at > @now AND s.created_at >= @since
    FOR SHARE OF s
), own AS (
    INSERT INTO sessions (id, user_id, created_at, auth_time, amr, last_used_at, expires_at, prune_after, user_agent, client_id)
    SELECT @grant, parent.user_id, @now, coalesce(parent.auth_time, parent.created_at), parent.amr, @now, @expires, ` + expiryDay + `, @name, bound.client_id
    FROM parent, bound WHERE bound.offline
    RETURNING user_id
), noted AS (
    UPDATE users u SET last_login_at = @now FROM own WHERE u.id = own.user_id
), begun AS (
    INSERT INTO grants (id, session_id, sid, auth_time, amr, client_id, scope, audience, nonce, claims, dpop_jkt, created_at, last_used_at, expires_at, prune_after)
    SELECT @grant, CASE WHEN bound.offline THEN @grant ELSE parent.id END, parent.id,
        coalesce(parent.auth_time, parent.created_at), parent.amr, bound.client_id, bound.scope, bound.audience,
        bound.nonce, bound.claims, @grant_key, @now, @now, @expires, ` + expiryDay + `
    FROM parent, bound
    RETURNING *
), token AS (
    INSERT INTO grant_tokens (hash, grant_id, expires_at) SELECT @refresh, id, @expires FROM begun WHERE @refresh::bytea IS NOT NULL
), hearing AS (
    INSERT INTO session_clients (session_id, client_id, user_id, sid, granted_at)
    SELECT DISTINCT session, begun.client_id, parent.user_id, parent.id, @now
    FROM begun, parent, unnest(ARRAY[parent.id, begun.session_id]) AS session WHERE @hears_logouts
    ON CONFLICT (session_id, client_id) DO UPDATE SET granted_at = excluded.granted_at WHERE session_clients.granted_at < @client_since
), cause AS (
    SELECT parent.user_id FROM parent, begun
)` + withEvent + `
SELECT ` + grantColumns + `, ` + userColumns + `
FROM begun g, parent s, owner u`

// UseAuthorizationCode implements grant.Store.
func (s *Store) UseAuthorizationCode(ctx context.Context, r grant.Redemption, told auth.Event) (grant.Held, bool, error) {
	var refresh []byte
	if r.Refresh != nil {
		refresh = r.Refresh[:]
	}
	return s.held(ctx, "use authorization code", useAuthorizationCode, eventArgs(told, true, pgx.NamedArgs{
		"hash": r.Code[:], "client": r.ClientID, "client_since": r.Terms.Since, "name": shortAgent(r.Name), "redirect_uri": r.RedirectURI, "challenge": orNull(r.Challenge),
		"hears_logouts": r.HearsLogouts, "key": orNull(r.Key), "grant_key": orNull(r.GrantKey), "grant": r.GrantID, "refresh": refresh, "since": r.SessionsSince, "now": r.Now, "expires": r.ExpiresAt,
	}))
}

// EndGrantOfCode implements grant.Store.
func (s *Store) EndGrantOfCode(ctx context.Context, code auth.TokenHash, now time.Time, told auth.Event) (grant.Held, bool, error) {
	return s.endGrantOf(ctx, "end grant of code", "authorization_codes", code, now, told)
}

// endGrantOf ends what a code of a table was exchanged for that is shown again.
func (s *Store) endGrantOf(ctx context.Context, doing, table string, code auth.TokenHash, now time.Time, told auth.Event) (grant.Held, bool, error) {
	statement := `
WITH code AS (
    SELECT grant_id FROM ` + table + ` WHERE hash = @hash AND used_at IS NOT NULL
), ` + endsGrant(`id IN (SELECT grant_id FROM code)`) + `
SELECT ` + grantColumns + `, ` + userColumns + `
FROM stopped g JOIN sessions s ON s.id = g.session_id JOIN users u ON u.id = s.user_id`
	return s.held(ctx, doing, statement, eventArgs(told, false, pgx.NamedArgs{
		"hash": code[:], "now": now, "reason": session.EndedByCodeReuse,
	}))
}

// held runs a statement that returns a grant and its user, or no row.
func (s *Store) held(ctx context.Context, doing, statement string, args pgx.NamedArgs) (grant.Held, bool, error) {
	ctx, end := s.bounded(ctx, doing)
	defer end()
	h, row := grant.Held{}, grantRow{}
	err := s.pool.QueryRow(ctx, statement, args).Scan(append(row.fields(&h.Grant), userFields(&h.User)...)...)
	if errors.Is(err, pgx.ErrNoRows) {
		return grant.Held{}, false, nil
	}
	row.complete(&h.Grant)
	return h, err == nil, classify(doing, err)
}
