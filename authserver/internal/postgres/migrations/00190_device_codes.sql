-- +goose Up
-- What a device without a browser waits for (RFC 8628). The code that somebody types is a
-- hash too, so that nobody who reads the table can type it for them; it has 34 bits, which
-- keeps it from no one who tries them all. A code is used up where it stands, as
-- authorization codes are, and grant_id is what it was allowed: none where it was denied.
-- That grant begins with the answer, and refers to no row here, nor does a row to it.
CREATE TABLE device_codes (
    hash             bytea PRIMARY KEY CHECK (octet_length(hash) = 32),
    user_code_hash   bytea NOT NULL CHECK (octet_length(user_code_hash) = 32),
    client_id        text NOT NULL,
    scope            text NOT NULL,
    audience         text NOT NULL,
    user_agent       text NOT NULL,
    address          text NOT NULL,
    created_at       timestamptz NOT NULL,
    expires_at       timestamptz NOT NULL,
    interval_seconds integer NOT NULL,
    polled_at        timestamptz,
    answered_at      timestamptz,
    grant_id         uuid,
    used_at          timestamptz,
    CHECK (grant_id IS NULL OR answered_at IS NOT NULL),
    CHECK (used_at IS NULL OR grant_id IS NOT NULL)
) WITH (
    -- A poll changes no column that an index has: there is room for it beside the row.
    fillfactor = 50
);
CREATE UNIQUE INDEX device_codes_user_code_hash ON device_codes (user_code_hash);
CREATE INDEX device_codes_expires_at ON device_codes (expires_at);
-- Those of a client that nobody has answered, of which there may be so many.
CREATE INDEX device_codes_open ON device_codes (client_id, expires_at) WHERE answered_at IS NULL;

-- +goose Down
DROP TABLE device_codes;
