-- +goose NO TRANSACTION
-- +goose Up
CREATE INDEX CONCURRENTLY revocations_revoked_at ON revocations (revoked_at, about);

-- +goose Down
DROP INDEX CONCURRENTLY revocations_revoked_at;
