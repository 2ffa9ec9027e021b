-- +goose NO TRANSACTION
-- +goose Up
CREATE INDEX CONCURRENTLY IF NOT EXISTS revocations_revoked_at ON revocations (revoked_at, about);

-- +goose Down
DROP INDEX CONCURRENTLY IF EXISTS revocations_revoked_at;
