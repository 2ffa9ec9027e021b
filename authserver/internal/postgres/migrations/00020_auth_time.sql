-- +goose Up
-- When the user of a session showed who they are; the session's beginning where
-- it is unknown.
ALTER TABLE sessions ADD COLUMN auth_time timestamptz;

-- +goose Down
ALTER TABLE sessions DROP COLUMN auth_time;
