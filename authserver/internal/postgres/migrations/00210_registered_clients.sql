-- +goose Up
-- Clients that nobody declares in the cluster: those that have registered themselves, and those
-- that are known by a document at the address that is their id. What such a client says of
-- itself is in metadata. One that is given a token lasts longer for it, by the day, so that
-- most uses write nothing.
CREATE TABLE registered_clients (
    id          text PRIMARY KEY CHECK (length(id) <= 255),
    origin      text NOT NULL CHECK (origin IN ('registration', 'document')),
    metadata    jsonb NOT NULL,
    since       timestamptz NOT NULL,
    read_at     timestamptz,
    fresh_until timestamptz,
    used_on     date,
    expires_at  timestamptz NOT NULL,
    CHECK ((origin = 'document') = (read_at IS NOT NULL)),
    CHECK ((origin = 'document') = (fresh_until IS NOT NULL))
);
CREATE INDEX registered_clients_expires_at ON registered_clients (expires_at);

-- How many there are of each origin. Whoever adds one locks its row, so that there is never one
-- too many, and nobody counts.
CREATE TABLE registered_client_counts (
    origin  text PRIMARY KEY,
    clients integer NOT NULL CHECK (clients >= 0)
);
INSERT INTO registered_client_counts (origin, clients) VALUES ('registration', 0), ('document', 0);

-- +goose Down
DROP TABLE registered_client_counts, registered_clients;
