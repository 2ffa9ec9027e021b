-- +goose NO TRANSACTION
-- +goose Up
-- A user has one code to sign in with: a new one takes the place of the one before.
CREATE UNIQUE INDEX CONCURRENTLY IF NOT EXISTS tickets_mailed_code ON tickets (user_id)
    WHERE kind = 'mailed_code';

-- +goose Down
DROP INDEX CONCURRENTLY IF EXISTS tickets_mailed_code;
