-- +goose Up
ALTER TABLE users VALIDATE CONSTRAINT users_name_check;

-- +goose Down
-- What is valid may stay so.
