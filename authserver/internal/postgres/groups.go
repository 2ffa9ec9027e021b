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

// Groups implements group.Store.
func (s *Store) Groups(ctx context.Context, after string, limit int) ([]group.Group, error) {
	ctx, end := s.bounded(ctx, "list groups")
	defer end()
	rows, err := s.pool.Search(ctx, `SELECT g.id::text, g.name, g.created_at FROM groups g WHERE g.name > @after ORDER BY g.name LIMIT @limit`,
		pgx.NamedArgs{"after": after, "limit": limit})
	if err != nil {
		return nil, classify("list groups", err)
	}
	list, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (group.Group, error) { return scanGroup(row) })
	return list, classify("list groups", err)
}

func scanGroup(row pgx.Row) (group.Group, error) {
	g := group.Group{}
	return g, row.Scan(&g.ID, &g.Name, &g.CreatedAt)
}

// GroupByID implements group.Store.
func (s *Store) GroupByID(ctx context.Context, id string) (group.Group, bool, error) {
	if !auth.IsID(id) {
		return group.Group{}, false, nil
	}
	ctx, end := s.bounded(ctx, "read group")
	defer end()
	g, err := scanGroup(s.pool.QueryRow(ctx, `SELECT g.id::text, g.name, g.created_at FROM groups g WHERE g.id = $1`, id))
	if errors.Is(err, pgx.ErrNoRows) {
		return group.Group{}, false, nil
	}
	return g, err == nil, classify("read group", err)
}

const createGroup = `
WITH cause AS (
    INSERT INTO groups (id, name, created_at) VALUES (@id, @name, @now)
    ON CONFLICT (name) DO NOTHING
    RETURNING id
)` + withEffects + `
SELECT EXISTS (SELECT FROM cause)`

// CreateGroup implements group.Store.
func (s *Store) CreateGroup(ctx context.Context, g group.Group, also auth.Effects) (bool, error) {
	return s.change(ctx, "create group", createGroup, pgx.NamedArgs{"id": g.ID, "name": g.Name, "now": g.CreatedAt}, g.CreatedAt, also)
}

const renameGroup = `
WITH cause AS (
    UPDATE groups SET name = @name WHERE id = @id RETURNING id
)` + withEffects + `
SELECT EXISTS (SELECT FROM cause)`

// RenameGroup implements group.Store.
func (s *Store) RenameGroup(ctx context.Context, g group.Group, now time.Time, also auth.Effects) (group.Renaming, error) {
	known, err := s.change(ctx, "rename group", renameGroup, pgx.NamedArgs{"id": g.ID, "name": g.Name}, now, also)
	if isTaken(err) {
		return group.Renaming{Known: true, Taken: true}, nil
	}
	return group.Renaming{Known: known}, err
}

const emptyGroup = `
WITH added AS (
    DELETE FROM group_members WHERE group_id = @group
      AND user_id = ANY (ARRAY(SELECT user_id FROM group_members WHERE group_id = @group ORDER BY user_id LIMIT @limit))
    RETURNING user_id
), mapped AS (
    DELETE FROM mapped_members WHERE group_id = @group
      AND identity_id = ANY (ARRAY(
        SELECT identity_id FROM mapped_members WHERE group_id = @group ORDER BY provider, authority, user_id LIMIT @limit))
    RETURNING identity_id
)
SELECT greatest((SELECT count(*) FROM added), (SELECT count(*) FROM mapped))`

// EmptyGroup implements group.Store.
func (s *Store) EmptyGroup(ctx context.Context, id string, limit int) (int, error) {
	ctx, end := s.bounded(ctx, "empty group")
	defer end()
	emptied := 0
	err := s.pool.QueryRow(ctx, emptyGroup, pgx.NamedArgs{"group": id, "limit": limit}).Scan(&emptied)
	return emptied, classify("empty group", err)
}

const deleteGroup = `
WITH cause AS (
    DELETE FROM groups WHERE id = @id RETURNING id
)` + withEffects + `
SELECT EXISTS (SELECT FROM cause)`

// DeleteGroup implements group.Store.
func (s *Store) DeleteGroup(ctx context.Context, id string, now time.Time, also auth.Effects) (bool, error) {
	return s.change(ctx, "delete group", deleteGroup, pgx.NamedArgs{"id": id}, now, also)
}

// Who is added to groups is counted, so that of any number of additions at once none is
// one too many: each writes the user's row, and one that finds another version of it than
// the one that it has counted at does nothing (see locked).
const addMember = `
WITH into_group AS MATERIALIZED (
    SELECT id FROM groups WHERE id = @group
), seen AS MATERIALIZED (
    SELECT id, xmin AS version FROM users WHERE id = @user
), already AS MATERIALIZED (
    SELECT FROM group_members WHERE user_id = @user AND group_id = @group
), in_all AS MATERIALIZED (
    SELECT count(*) AS groups FROM group_members WHERE user_id = @user
), owner AS (
    UPDATE users u SET email = u.email FROM seen, into_group, in_all
    WHERE u.id = seen.id AND u.xmin = seen.version AND in_all.groups < @most AND NOT EXISTS (SELECT FROM already)
    RETURNING u.id
), cause AS (
    INSERT INTO group_members (user_id, group_id, added_at)
    SELECT owner.id, into_group.id, @now FROM owner, into_group
    ON CONFLICT DO NOTHING
    RETURNING user_id
)` + withEffects + `
SELECT EXISTS (SELECT FROM into_group) AND EXISTS (SELECT FROM seen), EXISTS (SELECT FROM cause),
    EXISTS (SELECT FROM already), (SELECT groups >= @most FROM in_all)`

// AddMember implements group.Store.
func (s *Store) AddMember(ctx context.Context, groupID, userID string, most int, now time.Time, also auth.Effects) (group.Adding, error) {
	if !auth.IsID(groupID) || !auth.IsID(userID) {
		return group.Adding{}, nil
	}
	return s.addToGroup(ctx, "add member", addMember, pgx.NamedArgs{"group": groupID, "user": userID, "most": most}, now, also)
}

// addToGroup runs a statement that adds somebody to a group.
func (s *Store) addToGroup(ctx context.Context, doing, statement string, args pgx.NamedArgs, now time.Time, also auth.Effects) (group.Adding, error) {
	args["now"] = now
	args, err := effects(also, now, args)
	if err != nil {
		return group.Adding{}, err
	}
	ctx, end := s.bounded(ctx, doing)
	defer end()
	a := group.Adding{}
	err = s.pool.QueryRow(ctx, statement, args).Scan(&a.Known, &a.Added, &a.Already, &a.Full)
	if state(err) == foreignKeyViolation {
		return group.Adding{}, nil // the group was deleted meanwhile
	}
	return a, classify(doing, err)
}

const removeMember = `
WITH cause AS (
    DELETE FROM group_members WHERE user_id = @user AND group_id = @group RETURNING user_id
)` + withEffects + `
SELECT EXISTS (SELECT FROM cause)`

// RemoveMember implements group.Store.
func (s *Store) RemoveMember(ctx context.Context, groupID, userID string, now time.Time, also auth.Effects) (bool, error) {
	if !auth.IsID(groupID) || !auth.IsID(userID) {
		return false, nil
	}
	return s.change(ctx, "remove member", removeMember, pgx.NamedArgs{"group": groupID, "user": userID}, now, also)
}
