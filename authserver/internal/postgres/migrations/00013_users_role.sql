-- +goose NO TRANSACTION
-- +goose Up
CREATE INDEX CONCURRENTLY IF NOT EXISTS users_role ON users (role, id DESC);

-- +goose Down
DROP INDEX CONCURRENTLY IF EXISTS users_role;
