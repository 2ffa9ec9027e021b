-- +goose Up
-- What makes access tokens worthless before they expire: the end of their session,
-- or another role of their user. A row outlives whom it is about, so it refers to
-- no other table, and goes when no token from before it can be alive.
CREATE TABLE revocations (
    about      uuid PRIMARY KEY, -- a session or a user
    role       text, -- the user's in force, '' for a user who is shut out or gone; none for a session
    revoked_at timestamptz NOT NULL DEFAULT clock_timestamp()
);

-- The session that asked for a ticket, and with which it is lost.
ALTER TABLE tickets ADD COLUMN session_id uuid;

-- +goose Down
ALTER TABLE tickets DROP COLUMN session_id;
DROP TABLE revocations;
