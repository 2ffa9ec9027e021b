-- +goose NO TRANSACTION
-- +goose Up
-- Ids sort by time. New ones go to the end of a page that stays full; in users_role,
-- which sorts them the other way round, every page was split in half.
CREATE INDEX CONCURRENTLY IF NOT EXISTS users_by_role ON users (role, id);

-- +goose Down
DROP INDEX CONCURRENTLY IF EXISTS users_by_role;
