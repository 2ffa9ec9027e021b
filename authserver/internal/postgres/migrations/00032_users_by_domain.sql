-- +goose NO TRANSACTION
-- +goose Up
DROP INDEX CONCURRENTLY IF EXISTS users_domain_prefix; -- what a build that was broken off has left
CREATE INDEX CONCURRENTLY users_domain_prefix ON users (split_part(email, '@', 2) text_pattern_ops);

-- +goose Down
DROP INDEX CONCURRENTLY users_domain_prefix;
