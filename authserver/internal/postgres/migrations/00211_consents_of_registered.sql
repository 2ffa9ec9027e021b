-- +goose NO TRANSACTION
-- +goose Up
-- Those to clients that nobody declares, to be forgotten with the client.
CREATE INDEX CONCURRENTLY IF NOT EXISTS consents_of_registered ON consents (client_id) WHERE client_id ~ '^(https://|registered-)';

-- +goose Down
DROP INDEX CONCURRENTLY IF EXISTS consents_of_registered;
