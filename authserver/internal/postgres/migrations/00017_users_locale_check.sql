-- +goose Up
ALTER TABLE users VALIDATE CONSTRAINT users_locale_check;

-- +goose Down
-- What is valid may stay so.
