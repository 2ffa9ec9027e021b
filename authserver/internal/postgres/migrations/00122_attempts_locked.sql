-- +goose NO TRANSACTION
-- +goose Up
-- attempts_of_user answers for it, pods of the release before too.
DROP INDEX CONCURRENTLY IF EXISTS attempts_locked;

-- +goose Down
CREATE INDEX CONCURRENTLY IF NOT EXISTS attempts_locked ON attempts (user_id)
    WHERE locked_until IS NOT NULL AND user_id IS NOT NULL;
