-- +goose Up
-- When the user of a grant showed who they are, and how, as the session has it when the
-- grant begins: a later proof in the session is none for a client that has not asked for
-- it. Grants from before this column have what their session has.
ALTER TABLE grants ADD COLUMN auth_time timestamptz, ADD COLUMN amr text;

-- +goose Down
ALTER TABLE grants DROP COLUMN auth_time, DROP COLUMN amr;
