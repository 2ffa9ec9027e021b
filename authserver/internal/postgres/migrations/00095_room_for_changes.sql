-- +goose Up
-- A row that is changed where it stands costs no entry in any index, if its page has
-- room for another version of it. A refresh token is used once, and is twice as long
-- from then on; a session and a user change often, a count of attempts at every guess.
-- Pruning walks over what a vacuum has not yet taken out of an index.
ALTER TABLE refresh_tokens SET (fillfactor = 50, autovacuum_vacuum_scale_factor = 0.05);
ALTER TABLE sessions SET (fillfactor = 90, autovacuum_vacuum_scale_factor = 0.1);
ALTER TABLE users SET (fillfactor = 90);
ALTER TABLE attempts SET (fillfactor = 70);

-- +goose Down
ALTER TABLE attempts RESET (fillfactor);
ALTER TABLE users RESET (fillfactor);
ALTER TABLE sessions RESET (fillfactor, autovacuum_vacuum_scale_factor);
ALTER TABLE refresh_tokens RESET (fillfactor, autovacuum_vacuum_scale_factor);
