-- +goose NO TRANSACTION
-- +goose Up
-- Which sessions began before a time and have not ended: usually none.
CREATE INDEX CONCURRENTLY IF NOT EXISTS sessions_alive ON sessions (created_at) WHERE ended_at IS NULL;

-- +goose Down
DROP INDEX CONCURRENTLY IF EXISTS sessions_alive;
