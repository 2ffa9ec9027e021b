// SPDX-License-Identifier: Apache-2.0

package postgres

import (
	"context"

	"github.com/jackc/pgx/v5"

	"github.com/realmkeeper/realmkeeper/authserver/internal/auth"
)

// Bootstrapped is what has become of credentials for a first admin.
type Bootstrapped string

const (
	// AdminCreated means that there is a new admin.
	AdminCreated Bootstrapped = "created"
	// AddressTaken means that the address has a user, who stays as they are.
	AddressTaken Bootstrapped = "taken"
	// UsedBefore means that the realm is older than the book of credentials, and
	// that these are taken for those it began with.
	UsedBefore Bootstrapped = "used"
	// Overtaken means that others were written down meanwhile under the same
	// number. They may be the same: nothing has happened, and one has to look.
	Overtaken Bootstrapped = "overtaken"
)

// Of two at once with the same number, the second waits for the first one's row,
// and then adds none.
const bootstrapAdmin = `
WITH used AS (
    UPDATE bootstraps SET account_key = @account, number = @number, password_hash = @hash, at = @now
    WHERE account_key IS NULL
    RETURNING number
), added AS (
    INSERT INTO bootstraps (account_key, number, password_hash, at)
    SELECT @account, @number, @hash, @now WHERE NOT EXISTS (SELECT FROM used)
    ON CONFLICT DO NOTHING
    RETURNING number
), cause AS (
    INSERT INTO users (id, email, password_hash, role, email_verified_at, created_at)
    SELECT @user, @email, @hash, @role, @now, @now FROM added
    ON CONFLICT (email) DO NOTHING
    RETURNING id
)` + withEffects + `
SELECT CASE
    WHEN EXISTS (SELECT FROM used) THEN 'used'
    WHEN NOT EXISTS (SELECT FROM added) THEN 'overtaken'
    WHEN NOT EXISTS (SELECT FROM cause) THEN 'taken'
    ELSE 'created'
END`

// BootstrapAdmin writes down the credentials of admin as number so many of their
// address, and creates the admin unless the address is taken.
func (s *Store) BootstrapAdmin(ctx context.Context, admin auth.User, number int, also auth.Effects) (Bootstrapped, error) {
	account := auth.KeyOf(admin.Email)
	args, err := effects(also, admin.CreatedAt, pgx.NamedArgs{
		"account": account[:], "number": number, "hash": admin.PasswordHash,
		"user": admin.ID, "email": admin.Email, "role": admin.Role, "now": admin.CreatedAt,
	})
	if err != nil {
		return "", err
	}
	ctx, end := s.bounded(ctx, "bootstrap admin")
	defer end()
	outcome := Bootstrapped("")
	err = s.pool.QueryRow(ctx, bootstrapAdmin, args).Scan(&outcome)
	return outcome, classify("bootstrap admin", err)
}

// BootstrapsOf are the hashes of the passwords with which an admin of that address
// has been asked for.
func (s *Store) BootstrapsOf(ctx context.Context, account auth.AccountKey) ([]string, error) {
	ctx, end := s.bounded(ctx, "read bootstraps")
	defer end()
	hashes := []string{}
	err := s.pool.QueryRow(ctx, `
		SELECT coalesce(array_agg(password_hash ORDER BY number), '{}') FROM bootstraps WHERE account_key = $1`, account[:]).Scan(&hashes)
	return hashes, classify("read bootstraps", err)
}

// NothingBootstrapped notes that a realm from before the book of credentials began
// with none that are still there: the next ones are new.
func (s *Store) NothingBootstrapped(ctx context.Context) error {
	return s.exec(ctx, "note that nothing is bootstrapped", `DELETE FROM bootstraps WHERE account_key IS NULL`, pgx.NamedArgs{})
}
