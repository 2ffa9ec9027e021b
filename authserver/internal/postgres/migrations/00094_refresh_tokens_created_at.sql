-- +goose Up
-- Nobody reads it. It can go when no build is left that writes it.
ALTER TABLE refresh_tokens ALTER COLUMN created_at DROP NOT NULL;

-- +goose Down
ALTER TABLE refresh_tokens DROP COLUMN created_at, ADD COLUMN created_at timestamptz NOT NULL DEFAULT now();
ALTER TABLE refresh_tokens ALTER COLUMN created_at DROP DEFAULT;
