-- +goose NO TRANSACTION
-- +goose Up
-- Those that are clients' own and have not ended, to be ended with the client.
CREATE INDEX CONCURRENTLY IF NOT EXISTS sessions_of_clients ON sessions (client_id, created_at) WHERE client_id IS NOT NULL AND ended_at IS NULL;

-- +goose Down
DROP INDEX CONCURRENTLY IF EXISTS sessions_of_clients;
