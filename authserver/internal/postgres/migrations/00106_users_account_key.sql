-- +goose NO TRANSACTION
-- +goose Up
-- It is asked for one key at a time, so it need not keep the keys themselves.
CREATE INDEX CONCURRENTLY IF NOT EXISTS users_account_key ON users USING hash (account_key(email));

-- +goose Down
DROP INDEX CONCURRENTLY IF EXISTS users_account_key;
