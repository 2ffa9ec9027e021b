-- +goose NO TRANSACTION
-- +goose Up
-- The indexes of a partition, built while the whole trail is still one table. An
-- ascending one that is read backwards has full pages, as events come in their order.
CREATE UNIQUE INDEX CONCURRENTLY IF NOT EXISTS audit_events_first_at_id ON audit_events (at, id);

-- +goose Down
DROP INDEX CONCURRENTLY IF EXISTS audit_events_first_at_id;
