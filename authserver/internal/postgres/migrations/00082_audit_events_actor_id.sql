-- +goose NO TRANSACTION
-- +goose Up
-- Who acts upon themselves is found as the target.
CREATE INDEX CONCURRENTLY IF NOT EXISTS audit_events_first_actor_id ON audit_events (actor_id, at NULLS FIRST) WHERE actor_id IS DISTINCT FROM target_id;

-- +goose Down
DROP INDEX CONCURRENTLY IF EXISTS audit_events_first_actor_id;
