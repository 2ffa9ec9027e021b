-- +goose Up
ALTER TABLE users ADD COLUMN password_changed_at timestamptz;

-- A mailed ticket proves the address that it was mailed to. A user has one of
-- each kind: the newest link is the one that works.
ALTER TABLE tickets ADD COLUMN email text;
CREATE UNIQUE INDEX tickets_mailed ON tickets (user_id, kind) WHERE kind IN ('reset', 'verify', 'change_email');

-- How many mails anybody has asked for, by address, whether or not it has an
-- account. The key is that of login attempts.
CREATE TABLE mail_quotas (
    account_key bytea PRIMARY KEY CHECK (octet_length(account_key) = 32),
    mails       integer NOT NULL,
    since       timestamptz NOT NULL
);
CREATE INDEX mail_quotas_since ON mail_quotas (since);

-- +goose Down
DROP TABLE mail_quotas;
DROP INDEX tickets_mailed;
ALTER TABLE tickets DROP COLUMN email;
ALTER TABLE users DROP COLUMN password_changed_at;
