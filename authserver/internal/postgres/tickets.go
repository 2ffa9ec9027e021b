// SPDX-License-Identifier: Apache-2.0

package postgres

import (
	"context"
	"errors"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/realmkeeper/realmkeeper/authserver/internal/auth"
)

const issueTicket = `
WITH cause AS (
    INSERT INTO tickets (hash, kind, user_id, session_id, email, sealed, created_at, expires_at)
    VALUES (@hash, @kind, @user, @session, @email, @sealed, @created, @expires)
    RETURNING hash
)` + withEffects + ` SELECT`

// IssueTicket implements auth.Tickets.
func (s *Store) IssueTicket(ctx context.Context, t auth.Ticket, also auth.Effects) error {
	args, err := effects(also, t.CreatedAt, pgx.NamedArgs{
		"hash": t.Hash[:], "kind": t.Kind, "user": orNull(t.UserID), "session": orNull(t.SessionID), "email": orNull(t.Email), "sealed": t.Sealed,
		"created": t.CreatedAt, "expires": t.ExpiresAt,
	})
	if err != nil {
		return err
	}
	return s.exec(ctx, "issue ticket", issueTicket, args)
}

const ticketColumns = `coalesce(user_id::text, ''), coalesce(session_id::text, ''), coalesce(email, ''), sealed, created_at, expires_at`

// PeekTicket implements auth.Tickets.
func (s *Store) PeekTicket(ctx context.Context, kind auth.TicketKind, hash auth.TokenHash, now time.Time) (auth.Ticket, bool, error) {
	return s.ticket(ctx, `SELECT `+ticketColumns+` FROM tickets
		WHERE hash = @hash AND kind = @kind AND expires_at > @now`, kind, hash, now)
}

// RedeemTicket implements auth.Tickets. The row's lock lets one of any number of
// callers delete it; the others find nothing.
func (s *Store) RedeemTicket(ctx context.Context, kind auth.TicketKind, hash auth.TokenHash, now time.Time) (auth.Ticket, bool, error) {
	return s.ticket(ctx, `DELETE FROM tickets
		WHERE hash = @hash AND kind = @kind AND expires_at > @now
		RETURNING `+ticketColumns, kind, hash, now)
}

const cancelTicket = `
WITH cause AS (
    DELETE FROM tickets WHERE hash = @hash AND kind = @kind AND expires_at > @now
    RETURNING hash
)` + withEffects + `
SELECT EXISTS (SELECT FROM cause)`

// CancelTicket implements auth.Tickets.
func (s *Store) CancelTicket(ctx context.Context, kind auth.TicketKind, hash auth.TokenHash, also auth.Effects, now time.Time) (bool, error) {
	return s.change(ctx, "cancel ticket", cancelTicket, pgx.NamedArgs{"hash": hash[:], "kind": kind, "now": now}, now, also)
}

func (s *Store) ticket(ctx context.Context, statement string, kind auth.TicketKind, hash auth.TokenHash, now time.Time) (auth.Ticket, bool, error) {
	ctx, end := bounded(ctx, "read ticket")
	defer end()
	t := auth.Ticket{Hash: hash, Kind: kind}
	err := s.pool.QueryRow(ctx, statement, pgx.NamedArgs{"hash": hash[:], "kind": kind, "now": now}).
		Scan(&t.UserID, &t.SessionID, &t.Email, &t.Sealed, &t.CreatedAt, &t.ExpiresAt)
	if errors.Is(err, pgx.ErrNoRows) {
		return auth.Ticket{}, false, nil
	}
	return t, err == nil, classify("read ticket", err)
}
