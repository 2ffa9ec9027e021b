-- +goose Up
-- What authenticators know people by (Web Authentication, section 14.6.1): random, so that it
-- tells nothing of them, and the same for all passkeys of one person.
CREATE TABLE passkey_users (
    user_id uuid PRIMARY KEY REFERENCES users ON DELETE CASCADE,
    handle  bytea NOT NULL CHECK (octet_length(handle) BETWEEN 1 AND 64)
);
CREATE UNIQUE INDEX passkey_users_handle ON passkey_users (handle);

-- Nothing here is a secret: a public key signs nobody in. The record is what the authenticator
-- has said when the passkey was set up; what changes of it stands beside it. rp_id is the host that
-- it belongs to; it, user_verified and backup_eligible are as they were then, and never change.
CREATE TABLE passkeys (
    id              uuid PRIMARY KEY,
    user_id         uuid NOT NULL REFERENCES users ON DELETE CASCADE,
    credential_id   bytea NOT NULL CHECK (octet_length(credential_id) BETWEEN 1 AND 1023),
    rp_id           text NOT NULL,
    record          bytea NOT NULL,
    name            text NOT NULL,
    user_verified   boolean NOT NULL,
    backup_eligible boolean NOT NULL,
    backed_up       boolean NOT NULL,
    sign_count      bigint NOT NULL,
    created_at      timestamptz NOT NULL,
    last_used_at    timestamptz
) WITH (
    -- A sign-in changes no column that an index has: there is room for it beside the row.
    fillfactor = 80
);
CREATE UNIQUE INDEX passkeys_credential_id ON passkeys (credential_id);
CREATE INDEX passkeys_user_id ON passkeys (user_id);

-- +goose Down
DROP TABLE passkeys;
DROP TABLE passkey_users;
