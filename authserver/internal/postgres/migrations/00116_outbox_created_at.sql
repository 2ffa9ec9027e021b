-- +goose NO TRANSACTION
-- +goose Up
CREATE INDEX CONCURRENTLY IF NOT EXISTS outbox_created_at ON outbox (created_at);

-- +goose Down
DROP INDEX CONCURRENTLY IF EXISTS outbox_created_at;
