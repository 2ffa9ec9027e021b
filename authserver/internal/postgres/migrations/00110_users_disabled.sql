-- +goose NO TRANSACTION
-- +goose Up
-- What few users are is found among those alone.
CREATE INDEX CONCURRENTLY IF NOT EXISTS users_disabled ON users (id) WHERE disabled_at IS NOT NULL;

-- +goose Down
DROP INDEX CONCURRENTLY IF EXISTS users_disabled;
