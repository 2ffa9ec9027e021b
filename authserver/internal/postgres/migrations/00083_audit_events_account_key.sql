-- +goose NO TRANSACTION
-- +goose Up
CREATE INDEX CONCURRENTLY IF NOT EXISTS audit_events_first_account_key ON audit_events (account_key, at NULLS FIRST) WHERE account_key IS NOT NULL;

-- +goose Down
DROP INDEX CONCURRENTLY IF EXISTS audit_events_first_account_key;
