-- +goose NO TRANSACTION
-- +goose Up
CREATE INDEX CONCURRENTLY IF NOT EXISTS audit_events_first_refused_action_outcome ON audit_events (action, outcome, at NULLS FIRST) WHERE outcome <> 'succeeded';

-- +goose Down
DROP INDEX CONCURRENTLY IF EXISTS audit_events_first_refused_action_outcome;
