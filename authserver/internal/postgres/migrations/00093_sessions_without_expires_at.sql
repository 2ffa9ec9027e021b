-- +goose NO TRANSACTION
-- +goose Up
-- Whoever refreshes no longer pays for an entry in each index of sessions. Pods of
-- the release before prune without it until they are gone: more slowly, no worse.
DROP INDEX CONCURRENTLY IF EXISTS sessions_expires_at;

-- +goose Down
CREATE INDEX CONCURRENTLY IF NOT EXISTS sessions_expires_at ON sessions (expires_at);
