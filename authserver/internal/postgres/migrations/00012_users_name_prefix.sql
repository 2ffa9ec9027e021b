-- +goose NO TRANSACTION
-- +goose Up
CREATE INDEX CONCURRENTLY IF NOT EXISTS users_name_prefix ON users (lower(name) text_pattern_ops);

-- +goose Down
DROP INDEX CONCURRENTLY IF EXISTS users_name_prefix;
