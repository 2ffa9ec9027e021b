-- +goose Up
-- What a user has agreed that a client may know and do. A client is known by its name and
-- by when it came to be: one that is made again under the name of another was given
-- nothing.
CREATE TABLE consents (
    user_id      uuid NOT NULL REFERENCES users ON DELETE CASCADE,
    client_id    text NOT NULL,
    client_since timestamptz NOT NULL,
    scopes       text[] NOT NULL,
    given_at     timestamptz NOT NULL,
    PRIMARY KEY (user_id, client_id)
);

-- +goose Down
DROP TABLE consents;
