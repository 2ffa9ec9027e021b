// SPDX-License-Identifier: Apache-2.0

package postgres

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/realmkeeper/realmkeeper/authserver/internal/auth"
	"github.com/realmkeeper/realmkeeper/authserver/internal/grant"
	"github.com/realmkeeper/realmkeeper/authserver/internal/session"
)

const consentGiven = `
SELECT EXISTS (SELECT FROM consents WHERE user_id = @user AND client_id = @client AND client_since = @client_since AND scopes @> @scopes)`

// ConsentGiven implements grant.Store.
func (s *Store) ConsentGiven(ctx context.Context, c grant.Consent) (bool, error) {
	ctx, end := s.bounded(ctx, "read consent")
	defer end()
	given := false
	err := s.pool.QueryRow(ctx, consentGiven, consentArgs(c)).Scan(&given)
	return given, classify("read consent", err)
}

func consentArgs(c grant.Consent) pgx.NamedArgs {
	return pgx.NamedArgs{
		"user": c.UserID, "client": c.ClientID, "client_since": c.ClientSince, "scopes": append([]string{}, c.Scopes...),
	}
}

// One of any number of callers inserts the question, and so one of them agrees. What was
// agreed to at other times is added to, so that whoever asks for less asks nobody; of
// another client of the name it is replaced.
const rememberConsent = `
WITH asked AS (
    INSERT INTO tickets (hash, kind, created_at, expires_at) VALUES (@hash, @kind, @now, @expires)
    ON CONFLICT (hash) DO NOTHING
    RETURNING hash
), cause AS (
    INSERT INTO consents AS c (user_id, client_id, client_since, scopes, given_at)
    SELECT @user, @client, @client_since, @scopes, @now FROM asked
    ON CONFLICT (user_id, client_id) DO UPDATE SET
        scopes = CASE WHEN c.client_since = excluded.client_since
            THEN ARRAY(SELECT DISTINCT unnest(c.scopes || excluded.scopes) ORDER BY 1) ELSE excluded.scopes END,
        given_at = CASE WHEN c.client_since = excluded.client_since THEN c.given_at ELSE excluded.given_at END,
        client_since = excluded.client_since
    RETURNING user_id
)` + withEvent + `
SELECT EXISTS (SELECT FROM cause)`

// RememberConsent implements grant.Store.
func (s *Store) RememberConsent(ctx context.Context, c grant.Consent, asked auth.OneTimeToken, told auth.Event) (bool, error) {
	args := consentArgs(c)
	args["hash"], args["kind"], args["now"], args["expires"] = asked.Hash[:], asked.Kind, asked.CreatedAt, asked.ExpiresAt
	ctx, end := s.bounded(ctx, "remember consent")
	defer end()
	first := false
	err := s.pool.QueryRow(ctx, rememberConsent, eventArgs(told, true, args)).Scan(&first)
	if state(err) == foreignKeyViolation {
		return false, nil // the user was deleted meanwhile
	}
	return first, classify("remember consent", err)
}

// mostPermissions is how many of each kind a list shows.
const mostPermissions = 100

const permissionsOf = `
(SELECT client_id, scopes, given_at, client_since, '' AS name, NULL AS session, NULL::timestamptz AS last_used_at, '' AS address
FROM consents WHERE user_id = @user ORDER BY client_id LIMIT @limit)
UNION ALL
(SELECT g.client_id, string_to_array(g.scope, ' '), g.created_at, NULL, s.user_agent, s.id::text, s.last_used_at, s.address
FROM sessions s JOIN grants g ON g.session_id = s.id
WHERE s.user_id = @user AND s.client_id IS NOT NULL AND s.ended_at IS NULL AND s.expires_at > @now AND s.created_at >= @since AND g.ended_at IS NULL
ORDER BY s.last_used_at DESC, s.id LIMIT @limit)`

// PermissionsOf implements grant.Store.
func (s *Store) PermissionsOf(ctx context.Context, userID string, now, sessionsSince time.Time) ([]grant.Permission, error) {
	ctx, end := s.bounded(ctx, "list permissions")
	defer end()
	rows, err := s.pool.Query(ctx, permissionsOf, pgx.NamedArgs{"user": userID, "now": now, "since": sessionsSince, "limit": mostPermissions})
	if err != nil {
		return nil, classify("list permissions", err)
	}
	whole := wholeAgents()
	list, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (grant.Permission, error) {
		p, session, lastUsed, address := grant.Permission{}, (*string)(nil), (*time.Time)(nil), ""
		err := row.Scan(&p.ClientID, &p.Scopes, &p.Since, &p.ClientSince, &p.Name, &session, &lastUsed, &address)
		p.Name = whole(p.Name)
		if session != nil && lastUsed != nil {
			p.Session = &grant.OwnSession{ID: *session, LastUsedAt: *lastUsed, Address: address}
		}
		return p, err
	})
	return list, classify("list permissions", err)
}

const forgetConsent = `
WITH cause AS (
    DELETE FROM consents WHERE user_id = @user AND client_id = @client RETURNING user_id
)` + withEvent + `
SELECT EXISTS (SELECT FROM cause)`

// ForgetConsent implements grant.Store.
func (s *Store) ForgetConsent(ctx context.Context, userID, clientID string, told auth.Event) (bool, error) {
	ctx, end := s.bounded(ctx, "forget consent")
	defer end()
	forgotten := false
	err := s.pool.QueryRow(ctx, forgetConsent, eventArgs(told, true, pgx.NamedArgs{"user": userID, "client": clientID})).Scan(&forgotten)
	return forgotten, classify("forget consent", err)
}

// The user, sessions and grants are locked in the order in which a code's exchange and a
// refresh do.
func endGrantsOf() string {
	return `
WITH owner AS MATERIALIZED (
    SELECT id FROM users WHERE id = @user FOR NO KEY UPDATE
), theirs AS MATERIALIZED (
    SELECT g.id FROM owner JOIN sessions s ON s.user_id = owner.id JOIN grants g ON g.session_id = s.id
    WHERE s.ended_at IS NULL AND g.client_id = @client AND g.ended_at IS NULL
    ORDER BY s.id, g.id FOR NO KEY UPDATE OF s, g
), ` + stopsGrants(`id IN (SELECT id FROM theirs)`) + `, cause AS (
    SELECT id AS user_id FROM owner WHERE EXISTS (SELECT FROM stopped)
)` + withRevoked + withEvent + `
SELECT ARRAY(SELECT id::text FROM ended)`
}

// EndGrantsOf implements grant.Store.
func (s *Store) EndGrantsOf(ctx context.Context, userID, clientID string, reason session.EndReason, now time.Time, told auth.Event) ([]string, error) {
	ctx, end := s.bounded(ctx, "end grants of client")
	defer end()
	ended := []string{}
	err := s.pool.QueryRow(ctx, endGrantsOf(), eventArgs(told, true, pgx.NamedArgs{
		"user": userID, "client": clientID, "reason": reason, "now": now,
	})).Scan(&ended)
	return ended, classify("end grants of client", err)
}
