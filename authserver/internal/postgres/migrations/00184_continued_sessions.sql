-- +goose Up
-- The family of the refresh tokens by which a session goes on since its user has signed in
-- again in the same browser; tokens of others are worth nothing. None for most sessions.
ALTER TABLE sessions ADD COLUMN continued_by integer;

-- +goose Down
ALTER TABLE sessions DROP COLUMN continued_by;
