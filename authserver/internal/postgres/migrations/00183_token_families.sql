-- +goose Up
-- What all refresh tokens of a session have in common. By it a used token is
-- noticed when its own row is gone; traceable says of one that it is then. Both are none
-- where a pod of the release before began the session, or used the token: its row stays
-- until the token expires.
ALTER TABLE sessions ADD COLUMN family integer;
-- A page has room for those that are used before the first of them go.
ALTER TABLE refresh_tokens ADD COLUMN traceable boolean, SET (fillfactor = 65);

-- +goose Down
ALTER TABLE refresh_tokens DROP COLUMN traceable, SET (fillfactor = 50);
ALTER TABLE sessions DROP COLUMN family;
