// SPDX-License-Identifier: Apache-2.0

package postgres

import (
	"context"
	"errors"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/realmkeeper/realmkeeper/authserver/internal/auth"
	"github.com/realmkeeper/realmkeeper/authserver/internal/serviceaccount"
	"github.com/realmkeeper/realmkeeper/authserver/internal/session"
)

// serviceAccountColumns are of a service account a.
const serviceAccountColumns = `a.id::text, a.name, a.description, a.created_by::text, a.created_at, a.disabled_at`

// serviceAccountFields is where serviceAccountColumns go.
func serviceAccountFields(a *auth.ServiceAccount) []any {
	return []any{&a.ID, &a.Name, &a.Description, &a.CreatedBy, &a.CreatedAt, &a.DisabledAt}
}

// Whoever adds one locks the total first, which has the others wait: the last place is given
// away once.
const createServiceAccount = `
WITH room AS (
    UPDATE totals SET total = total + 1
    WHERE kind = 'service_accounts' AND total < @most AND NOT EXISTS (SELECT FROM service_accounts WHERE name = @name)
    RETURNING kind
), cause AS (
    INSERT INTO service_accounts (id, name, description, created_by, created_at)
    SELECT @id, @name, @description, @actor, @now FROM room
    RETURNING id
)` + withEffects + `
SELECT EXISTS (SELECT FROM cause), EXISTS (SELECT FROM service_accounts WHERE name = @name)`

// CreateServiceAccount implements serviceaccount.Store.
func (s *Store) CreateServiceAccount(ctx context.Context, a auth.ServiceAccount, most int, also auth.Effects) (serviceaccount.Creation, error) {
	args, err := effects(also, a.CreatedAt, pgx.NamedArgs{
		"id": a.ID, "name": a.Name, "description": a.Description, "actor": a.CreatedBy, "now": a.CreatedAt, "most": most,
	})
	if err != nil {
		return serviceaccount.Creation{}, err
	}
	ctx, end := s.bounded(ctx, "create service account")
	defer end()
	c := serviceaccount.Creation{}
	err = s.pool.QueryRow(ctx, createServiceAccount, args).Scan(&c.Created, &c.Taken)
	if isTaken(err) { // somebody else was quicker
		return serviceaccount.Creation{Taken: true}, nil
	}
	return c, classify("create service account", err)
}

// ServiceAccounts implements serviceaccount.Store.
func (s *Store) ServiceAccounts(ctx context.Context, after string, limit int) ([]auth.ServiceAccount, error) {
	return s.serviceAccounts(ctx, `SELECT `+serviceAccountColumns+` FROM service_accounts a WHERE a.name > @after ORDER BY a.name LIMIT @limit`,
		pgx.NamedArgs{"after": after, "limit": limit})
}

func (s *Store) serviceAccounts(ctx context.Context, statement string, args pgx.NamedArgs) ([]auth.ServiceAccount, error) {
	ctx, end := s.bounded(ctx, "list service accounts")
	defer end()
	rows, err := s.pool.Query(ctx, statement, args)
	if err != nil {
		return nil, classify("list service accounts", err)
	}
	list, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (auth.ServiceAccount, error) {
		a := auth.ServiceAccount{}
		return a, row.Scan(serviceAccountFields(&a)...)
	})
	return list, classify("list service accounts", err)
}

// ServiceAccountByID implements serviceaccount.Store and personaltoken.Store.
func (s *Store) ServiceAccountByID(ctx context.Context, id string) (auth.ServiceAccount, bool, error) {
	if !auth.IsID(id) {
		return auth.ServiceAccount{}, false, nil
	}
	ctx, end := s.bounded(ctx, "read service account")
	defer end()
	a := auth.ServiceAccount{}
	err := s.pool.QueryRow(ctx, `SELECT `+serviceAccountColumns+` FROM service_accounts a WHERE a.id = $1`, id).Scan(serviceAccountFields(&a)...)
	if errors.Is(err, pgx.ErrNoRows) {
		return auth.ServiceAccount{}, false, nil
	}
	return a, err == nil, classify("read service account", err)
}

// Each is looked up by its id, however few there are.
const serviceAccountNames = `
SELECT a.id::text, a.name FROM unnest($1::uuid[]) AS named (id)
CROSS JOIN LATERAL (SELECT id, name FROM service_accounts WHERE id = named.id OFFSET 0) a`

// ServiceAccountNames implements serviceaccount.Store.
func (s *Store) ServiceAccountNames(ctx context.Context, ids []string) (map[string]string, error) {
	names := map[string]string{}
	if len(ids) == 0 {
		return names, nil
	}
	ctx, end := s.bounded(ctx, "read names of service accounts")
	defer end()
	rows, err := s.pool.Query(ctx, serviceAccountNames, ids)
	if err != nil {
		return nil, classify("read names of service accounts", err)
	}
	id, name := "", ""
	_, err = pgx.ForEachRow(rows, []any{&id, &name}, func() error {
		names[id] = name
		return nil
	})
	return names, classify("read names of service accounts", err)
}

// One that is disabled, or good again, keeps no token: one that is made while this statement
// waits for its account is not seen here, and worth nothing as long as the account is disabled.
const changeServiceAccount = `
WITH cause AS (
    UPDATE service_accounts SET
        description = coalesce(@description, description),
        disabled_at = CASE WHEN @disabled::boolean THEN coalesce(disabled_at, @now) WHEN NOT @disabled::boolean THEN NULL ELSE disabled_at END
    WHERE id = @account
    RETURNING *, CASE WHEN @disabled::boolean IS NULL THEN NULL WHEN disabled_at IS NULL THEN '` + auth.ServiceAccountRole + `' ELSE '' END AS in_force
), ended AS (
    DELETE FROM personal_access_tokens t USING cause WHERE t.service_account_id = cause.id AND cause.in_force IS NOT NULL
    RETURNING t.id
)` + withRevoked + withRoleInForce + withEffects + changedServiceAccount

// Whoever deletes one locks the total first, as whoever adds one of its name does.
const deleteServiceAccount = `
WITH room AS MATERIALIZED (
    SELECT kind FROM totals WHERE kind = 'service_accounts' FOR UPDATE
), cause AS (
    DELETE FROM service_accounts a USING room WHERE a.id = @account
    RETURNING a.*, '' AS in_force
), ended AS (
    SELECT t.id FROM personal_access_tokens t JOIN cause ON t.service_account_id = cause.id
), fewer AS (
    UPDATE totals SET total = greatest(total - 1, 0) WHERE kind = 'service_accounts' AND EXISTS (SELECT FROM cause)
)` + withRevoked + withRoleInForce + withEffects + changedServiceAccount

// changedServiceAccount reads what a cause on service accounts has done: no row when there is
// no such one.
const changedServiceAccount = `
SELECT ARRAY(SELECT id::text FROM ended), (SELECT role FROM in_force), (SELECT revoked_at FROM in_force), ` + serviceAccountColumns + ` FROM cause a`

// ChangeServiceAccount implements serviceaccount.Store.
func (s *Store) ChangeServiceAccount(ctx context.Context, id string, c serviceaccount.Change, now time.Time, also auth.Effects) (serviceaccount.Changed, error) {
	return s.changeServiceAccount(ctx, changeServiceAccount, id, now, also, pgx.NamedArgs{"description": c.Description, "disabled": c.Disabled})
}

// DeleteServiceAccount implements serviceaccount.Store.
func (s *Store) DeleteServiceAccount(ctx context.Context, id string, now time.Time, also auth.Effects) (serviceaccount.Changed, error) {
	return s.changeServiceAccount(ctx, deleteServiceAccount, id, now, also, pgx.NamedArgs{})
}

func (s *Store) changeServiceAccount(ctx context.Context, statement, id string, now time.Time, also auth.Effects, args pgx.NamedArgs) (serviceaccount.Changed, error) {
	if !auth.IsID(id) {
		return serviceaccount.Changed{}, nil
	}
	args["account"], args["now"] = id, now
	args, err := effects(also, now, args)
	if err != nil {
		return serviceaccount.Changed{}, err
	}
	ctx, end := s.bounded(ctx, "change service account")
	defer end()
	changed, role, at := serviceaccount.Changed{}, (*string)(nil), (*time.Time)(nil)
	err = s.pool.QueryRow(ctx, statement, args).Scan(append([]any{&changed.Ended, &role, &at}, serviceAccountFields(&changed.Account)...)...)
	switch {
	case errors.Is(err, pgx.ErrNoRows):
		return serviceaccount.Changed{}, nil
	case err != nil:
		return serviceaccount.Changed{}, classify("change service account", err)
	}
	changed.Known = true
	if role != nil && at != nil {
		changed.InForce = &session.Revocation{About: changed.Account.ID, Role: role, At: *at}
	}
	return changed, nil
}
