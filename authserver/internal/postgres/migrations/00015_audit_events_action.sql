-- +goose NO TRANSACTION
-- +goose Up
CREATE INDEX CONCURRENTLY IF NOT EXISTS audit_events_action ON audit_events (action, at DESC);

-- +goose Down
DROP INDEX CONCURRENTLY IF EXISTS audit_events_action;
