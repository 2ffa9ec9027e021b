-- +goose NO TRANSACTION
-- +goose Up
CREATE INDEX CONCURRENTLY IF NOT EXISTS users_domain_prefix ON users (split_part(email, '@', 2) text_pattern_ops);

-- +goose Down
DROP INDEX CONCURRENTLY IF EXISTS users_domain_prefix;
