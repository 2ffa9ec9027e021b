-- +goose NO TRANSACTION
-- +goose Up
CREATE INDEX CONCURRENTLY IF NOT EXISTS attempts_locked ON attempts (user_id)
    WHERE locked_until IS NOT NULL AND user_id IS NOT NULL;

-- +goose Down
DROP INDEX CONCURRENTLY IF EXISTS attempts_locked;
