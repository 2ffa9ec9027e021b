-- +goose NO TRANSACTION
-- +goose Up
-- users_by_role answers for it, pods of the release before too.
DROP INDEX CONCURRENTLY IF EXISTS users_role;

-- +goose Down
CREATE INDEX CONCURRENTLY IF NOT EXISTS users_role ON users (role, id DESC);
