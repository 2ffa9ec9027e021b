-- +goose Up
-- The scopes that the user must still have agreed to when the code is exchanged; none
-- where nobody was asked. A pod of the release before issues no code that has any, since
-- it refuses clients that want people to be asked.
ALTER TABLE authorization_codes ADD COLUMN consented text[];

-- +goose Down
ALTER TABLE authorization_codes DROP COLUMN consented;
