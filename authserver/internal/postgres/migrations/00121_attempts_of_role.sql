-- +goose NO TRANSACTION
-- +goose Up
CREATE INDEX CONCURRENTLY IF NOT EXISTS attempts_of_role ON attempts (user_role, user_id) WHERE user_role IS NOT NULL;

-- +goose Down
DROP INDEX CONCURRENTLY IF EXISTS attempts_of_role;
