-- +goose NO TRANSACTION
-- +goose Up
-- A page of the trail that is asked for by a value is read in the order at DESC NULLS LAST,
-- which is that of its index backwards, and of none that is of time alone: PostgreSQL
-- would prefer that one, whose rows lie side by side, and look at every event.
CREATE INDEX CONCURRENTLY IF NOT EXISTS audit_events_first_target_id ON audit_events (target_id, at NULLS FIRST) WHERE target_id IS NOT NULL;

-- +goose Down
DROP INDEX CONCURRENTLY IF EXISTS audit_events_first_target_id;
