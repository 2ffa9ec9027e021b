-- +goose NO TRANSACTION
-- +goose Up
-- A user has one link of each kind: the newest is the one that works.
CREATE UNIQUE INDEX CONCURRENTLY IF NOT EXISTS tickets_mailed ON tickets (user_id, kind)
    WHERE kind IN ('reset', 'verify', 'change_email');

-- +goose Down
DROP INDEX CONCURRENTLY IF EXISTS tickets_mailed;
