-- +goose NO TRANSACTION
-- +goose Up
CREATE INDEX CONCURRENTLY IF NOT EXISTS users_unverified_role ON users (role, id) WHERE email_verified_at IS NULL;

-- +goose Down
DROP INDEX CONCURRENTLY IF EXISTS users_unverified_role;
