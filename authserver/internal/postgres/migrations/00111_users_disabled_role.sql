-- +goose NO TRANSACTION
-- +goose Up
CREATE INDEX CONCURRENTLY IF NOT EXISTS users_disabled_role ON users (role, id) WHERE disabled_at IS NOT NULL;

-- +goose Down
DROP INDEX CONCURRENTLY IF EXISTS users_disabled_role;
