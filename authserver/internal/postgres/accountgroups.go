// SPDX-License-Identifier: Apache-2.0

package postgres

import (
	"context"
	"errors"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/realmkeeper/realmkeeper/authserver/internal/auth"
	"github.com/realmkeeper/realmkeeper/authserver/internal/group"
)

// GroupByName implements serviceaccount.Store.
func (s *Store) GroupByName(ctx context.Context, name string) (group.Group, bool, error) {
	ctx, end := s.bounded(ctx, "read group")
	defer end()
	g, err := scanGroup(s.pool.QueryRow(ctx, `SELECT g.id::text, g.name, g.created_at FROM groups g WHERE g.name = $1`, name))
	if errors.Is(err, pgx.ErrNoRows) {
		return group.Group{}, false, nil
	}
	return g, err == nil, classify("read group", err)
}

// There are never more of them than can be sorted at once.
const serviceAccountsIn = `
SELECT ` + serviceAccountColumns + `
FROM service_account_groups g CROSS JOIN LATERAL (SELECT * FROM service_accounts WHERE id = g.service_account_id OFFSET 0) a
WHERE g.group_id = @group AND a.name > @after ORDER BY a.name LIMIT @limit`

// ServiceAccountsIn implements serviceaccount.Store.
func (s *Store) ServiceAccountsIn(ctx context.Context, groupID, after string, limit int) ([]auth.ServiceAccount, error) {
	return s.serviceAccounts(ctx, serviceAccountsIn, pgx.NamedArgs{"group": groupID, "after": after, "limit": limit})
}

// As addMember does with a user's row, it writes that of the service account, so that of any
// number of additions at once none is one too many.
const addServiceAccount = `
WITH into_group AS MATERIALIZED (
    SELECT id FROM groups WHERE id = @group
), seen AS MATERIALIZED (
    SELECT id, xmin AS version FROM service_accounts WHERE id = @account
), already AS MATERIALIZED (
    SELECT FROM service_account_groups WHERE service_account_id = @account AND group_id = @group
), in_all AS MATERIALIZED (
    SELECT count(*) AS groups FROM service_account_groups WHERE service_account_id = @account
), owner AS (
    UPDATE service_accounts a SET name = a.name FROM seen, into_group, in_all
    WHERE a.id = seen.id AND a.xmin = seen.version AND in_all.groups < @most AND NOT EXISTS (SELECT FROM already)
    RETURNING a.id
), cause AS (
    INSERT INTO service_account_groups (service_account_id, group_id, added_at)
    SELECT owner.id, into_group.id, @now FROM owner, into_group
    ON CONFLICT DO NOTHING
    RETURNING service_account_id
)` + withEffects + `
SELECT EXISTS (SELECT FROM into_group) AND EXISTS (SELECT FROM seen), EXISTS (SELECT FROM cause),
    EXISTS (SELECT FROM already), (SELECT groups >= @most FROM in_all)`

// AddServiceAccount implements serviceaccount.Store.
func (s *Store) AddServiceAccount(ctx context.Context, groupID, id string, most int, now time.Time, also auth.Effects) (group.Adding, error) {
	if !auth.IsID(groupID) || !auth.IsID(id) {
		return group.Adding{}, nil
	}
	return s.addToGroup(ctx, "add service account", addServiceAccount, pgx.NamedArgs{"group": groupID, "account": id, "most": most}, now, also)
}

const removeServiceAccount = `
WITH cause AS (
    DELETE FROM service_account_groups WHERE service_account_id = @account AND group_id = @group RETURNING service_account_id
)` + withEffects + `
SELECT EXISTS (SELECT FROM cause)`

// RemoveServiceAccount implements serviceaccount.Store.
func (s *Store) RemoveServiceAccount(ctx context.Context, groupID, id string, now time.Time, also auth.Effects) (bool, error) {
	if !auth.IsID(groupID) || !auth.IsID(id) {
		return false, nil
	}
	return s.change(ctx, "remove service account", removeServiceAccount, pgx.NamedArgs{"group": groupID, "account": id}, now, also)
}
