-- +goose Up
-- Who somebody is elsewhere. The issuer is who vouches for the subject.
CREATE TABLE identities (
    id           uuid PRIMARY KEY,
    user_id      uuid NOT NULL REFERENCES users ON DELETE CASCADE,
    provider     text NOT NULL,
    issuer       text NOT NULL,
    subject      text NOT NULL CHECK (subject <> '' AND octet_length(subject) <= 255),
    email        text NOT NULL DEFAULT '',
    created_at   timestamptz NOT NULL,
    last_used_at timestamptz NOT NULL,
    UNIQUE (provider, issuer, subject)
);
CREATE INDEX identities_user_id ON identities (user_id);

-- +goose Down
DROP TABLE identities;
