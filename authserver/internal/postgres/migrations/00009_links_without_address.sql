-- +goose Up
-- A mailed link is good for the address that stands beside it. Those from before
-- there was one open nothing, and of them a user could have several of a kind.
DELETE FROM tickets WHERE email IS NULL AND kind IN ('reset', 'verify', 'change_email');

-- +goose Down
-- What is gone opened nothing.
