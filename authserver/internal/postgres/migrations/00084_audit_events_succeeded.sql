-- +goose NO TRANSACTION
-- +goose Up
CREATE INDEX CONCURRENTLY IF NOT EXISTS audit_events_first_succeeded ON audit_events (at) WHERE outcome = 'succeeded';

-- +goose Down
DROP INDEX CONCURRENTLY IF EXISTS audit_events_first_succeeded;
