-- +goose NO TRANSACTION
-- +goose Up
-- One condition: of two that go together the planner expects so few rows that it reads all
-- of them and sorts them for a page.
CREATE INDEX CONCURRENTLY IF NOT EXISTS attempts_of_user ON attempts (user_id) WHERE user_id IS NOT NULL;

-- +goose Down
DROP INDEX CONCURRENTLY IF EXISTS attempts_of_user;
