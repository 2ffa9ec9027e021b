-- +goose Up
-- Somebody who has no password, and has lost their other ways in, waits here. Voided by whatever
-- gives the account another password or address. Of link and cancel, which are mailed, it has the
-- hashes; mail is the message in the outbox that waits as long. One that was cancelled from a
-- session stays for a while, for their number.
CREATE TABLE recoveries (
    user_id     uuid PRIMARY KEY REFERENCES users ON DELETE CASCADE,
    email       text NOT NULL,
    link        bytea NOT NULL CHECK (octet_length(link) = 32),
    cancel      bytea NOT NULL CHECK (octet_length(cancel) = 32),
    mail        uuid NOT NULL,
    begun_at    timestamptz NOT NULL,
    ready_at    timestamptz NOT NULL,
    expires_at  timestamptz NOT NULL,
    address     text NOT NULL,
    user_agent  text NOT NULL,
    approved_at timestamptz,
    ended_at    timestamptz,
    cancels     integer NOT NULL DEFAULT 0
);
CREATE UNIQUE INDEX recoveries_link ON recoveries (link);
CREATE UNIQUE INDEX recoveries_cancel ON recoveries (cancel);
CREATE INDEX recoveries_expires_at ON recoveries (expires_at);

-- +goose Down
DROP TABLE recoveries;
