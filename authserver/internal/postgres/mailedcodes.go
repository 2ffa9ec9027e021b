// SPDX-License-Identifier: Apache-2.0

package postgres

import (
	"context"
	"errors"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/realmkeeper/realmkeeper/authserver/internal/auth"
)

// One statement, whether or not there is such a code: whoever asks for the user in another
// could be timed.
const mailedCode = `
SELECT ` + userColumns + `, coalesce(t.email, ''), t.sealed, t.created_at, t.expires_at
FROM tickets t JOIN users u ON u.id = t.user_id
WHERE t.hash = @hash AND t.kind = @kind AND t.expires_at > @now`

// MailedCode implements mailcode.Store.
func (s *Store) MailedCode(ctx context.Context, hash auth.TokenHash, now time.Time) (auth.OneTimeToken, auth.User, bool, error) {
	ctx, end := s.bounded(ctx, "read mailed code")
	defer end()
	u, t := auth.User{}, auth.OneTimeToken{Hash: hash, Kind: auth.MailedCodeToken}
	err := s.pool.QueryRow(ctx, mailedCode, pgx.NamedArgs{"hash": hash[:], "kind": t.Kind, "now": now}).
		Scan(append(userFields(&u), &t.Email, &t.Sealed, &t.CreatedAt, &t.ExpiresAt)...)
	if errors.Is(err, pgx.ErrNoRows) {
		return auth.OneTimeToken{}, auth.User{}, false, nil
	}
	t.UserID = u.ID
	return t, u, err == nil, classify("read mailed code", err)
}
