-- +goose NO TRANSACTION
-- +goose Up
-- What did not succeed is the smaller part, and asked for in every way.
CREATE INDEX CONCURRENTLY IF NOT EXISTS audit_events_first_refused_action ON audit_events (action, at NULLS FIRST) WHERE outcome <> 'succeeded';

-- +goose Down
DROP INDEX CONCURRENTLY IF EXISTS audit_events_first_refused_action;
