-- +goose NO TRANSACTION
-- +goose Up
CREATE INDEX CONCURRENTLY IF NOT EXISTS sessions_prune_after ON sessions (prune_after);

-- +goose Down
DROP INDEX CONCURRENTLY IF EXISTS sessions_prune_after;
