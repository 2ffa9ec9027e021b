-- +goose Up
ALTER TABLE users
    ALTER COLUMN password_hash DROP NOT NULL, -- none: the user signs in through a provider
    ADD COLUMN name text NOT NULL DEFAULT '',
    ADD COLUMN locale text NOT NULL DEFAULT '',
    ADD COLUMN email_verified_at timestamptz,
    ADD COLUMN disabled_at timestamptz,
    ADD CONSTRAINT users_name_check CHECK (octet_length(name) <= 200) NOT VALID,
    ADD CONSTRAINT users_locale_check CHECK (octet_length(locale) <= 35) NOT VALID;

-- A ticket is redeemed once, by whoever holds its secret. Deleting the row is
-- what redeems it.
CREATE TABLE tickets (
    hash       bytea PRIMARY KEY CHECK (octet_length(hash) = 32),
    kind       text NOT NULL,
    user_id    uuid REFERENCES users ON DELETE CASCADE,
    sealed     bytea,
    created_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL
);
CREATE INDEX tickets_user_id ON tickets (user_id);
CREATE INDEX tickets_expires_at ON tickets (expires_at);

-- A message waits here from the statement that caused it until it is delivered.
-- Whoever delivers it makes it due later than it can take.
CREATE TABLE outbox (
    id         uuid PRIMARY KEY,
    channel    text NOT NULL CHECK (channel IN ('mail', 'sms')),
    kind       text NOT NULL,
    sealed     bytea NOT NULL,
    created_at timestamptz NOT NULL,
    due_at     timestamptz NOT NULL,
    attempts   integer NOT NULL DEFAULT 0
);
CREATE INDEX outbox_due_at ON outbox (channel, due_at);

-- The trail outlives the people in it, so it refers to no other table.
CREATE TABLE audit_events (
    id          uuid PRIMARY KEY,
    at          timestamptz NOT NULL,
    action      text NOT NULL,
    outcome     text NOT NULL,
    actor_id    uuid,
    target_id   uuid,
    account_key bytea,
    address     text NOT NULL DEFAULT '',
    user_agent  text NOT NULL DEFAULT '',
    detail      text NOT NULL DEFAULT ''
);
CREATE INDEX audit_events_at ON audit_events (at DESC, id DESC);
CREATE INDEX audit_events_target_id ON audit_events (target_id, at DESC);
CREATE INDEX audit_events_actor_id ON audit_events (actor_id, at DESC);

-- +goose Down
DROP TABLE audit_events, outbox, tickets;
ALTER TABLE users
    DROP COLUMN name, DROP COLUMN locale, DROP COLUMN email_verified_at, DROP COLUMN disabled_at,
    ALTER COLUMN password_hash SET NOT NULL;
