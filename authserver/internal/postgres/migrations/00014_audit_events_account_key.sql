-- +goose NO TRANSACTION
-- +goose Up
CREATE INDEX CONCURRENTLY IF NOT EXISTS audit_events_account_key ON audit_events (account_key, at DESC);

-- +goose Down
DROP INDEX CONCURRENTLY IF EXISTS audit_events_account_key;
