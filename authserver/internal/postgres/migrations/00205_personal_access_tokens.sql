-- +goose Up
-- What people give to programs of their own, by its hash alone. A token is good while its
-- user has the password of then: password_changed_at is a copy, so that whoever sets another
-- one ends the token, a pod of the release before among them, and also one that is made at
-- the same moment. A token that ends is deleted; revocations has its id for as long as any
-- pod may know it.
CREATE TABLE personal_access_tokens (
    id                  uuid PRIMARY KEY,
    hash                bytea NOT NULL CHECK (octet_length(hash) = 32),
    user_id             uuid NOT NULL REFERENCES users ON DELETE CASCADE,
    client_id           text NOT NULL,
    name                text NOT NULL CHECK (octet_length(name) <= 200),
    scopes              text[] NOT NULL,
    password_changed_at timestamptz,
    created_at          timestamptz NOT NULL,
    expires_at          timestamptz NOT NULL,
    -- A day at most, so that a token that is used with each request is written once a day.
    last_used_on        date
) WITH (
    -- A use changes no column that an index has: there is room for it beside the row.
    fillfactor = 90
);
CREATE UNIQUE INDEX personal_access_tokens_hash ON personal_access_tokens (hash);
CREATE INDEX personal_access_tokens_user_id ON personal_access_tokens (user_id);
CREATE INDEX personal_access_tokens_expires_at ON personal_access_tokens (expires_at);

-- +goose Down
DROP TABLE personal_access_tokens;
