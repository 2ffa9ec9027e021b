-- +goose NO TRANSACTION
-- +goose Up
-- Those of service accounts, to be listed, counted and ended with their account.
CREATE INDEX CONCURRENTLY IF NOT EXISTS personal_access_tokens_service_account_id ON personal_access_tokens (service_account_id) WHERE service_account_id IS NOT NULL;

-- +goose Down
DROP INDEX CONCURRENTLY IF EXISTS personal_access_tokens_service_account_id;
