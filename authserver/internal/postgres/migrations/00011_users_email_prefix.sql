-- +goose NO TRANSACTION
-- +goose Up
CREATE INDEX CONCURRENTLY IF NOT EXISTS users_email_prefix ON users (email text_pattern_ops);

-- +goose Down
DROP INDEX CONCURRENTLY IF EXISTS users_email_prefix;
