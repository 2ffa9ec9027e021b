-- +goose Up
CREATE TABLE users (
    id            uuid PRIMARY KEY,
    email         text NOT NULL UNIQUE CHECK (email = lower(btrim(email)) AND octet_length(email) <= 254),
    password_hash text NOT NULL,
    role          text NOT NULL DEFAULT 'user' CHECK (role <> ''),
    created_at    timestamptz NOT NULL,
    last_login_at timestamptz
);

-- A session is one login and every refresh token that descends from it.
CREATE TABLE sessions (
    id           uuid PRIMARY KEY,
    user_id      uuid NOT NULL REFERENCES users ON DELETE CASCADE,
    created_at   timestamptz NOT NULL,
    last_used_at timestamptz NOT NULL,
    expires_at   timestamptz NOT NULL,
    ended_at     timestamptz,
    ended_reason text,
    user_agent   text NOT NULL DEFAULT '',
    address      text NOT NULL DEFAULT '',
    CHECK ((ended_at IS NULL) = (ended_reason IS NULL))
);
CREATE INDEX sessions_user_id ON sessions (user_id);
CREATE INDEX sessions_expires_at ON sessions (expires_at);

-- A token is known by its SHA-256 alone. Once used, it keeps its successor
-- sealed under a key that only the token itself yields.
CREATE TABLE refresh_tokens (
    hash             bytea PRIMARY KEY CHECK (octet_length(hash) = 32),
    session_id       uuid NOT NULL REFERENCES sessions ON DELETE CASCADE,
    created_at       timestamptz NOT NULL,
    expires_at       timestamptz NOT NULL,
    rotated_at       timestamptz,
    successor_sealed bytea,
    CHECK ((rotated_at IS NULL) = (successor_sealed IS NULL))
);
CREATE INDEX refresh_tokens_session_id ON refresh_tokens (session_id);
CREATE INDEX refresh_tokens_expires_at ON refresh_tokens (expires_at);

-- Guesses are counted from the moment they are announced: pending until their
-- outcome is known. The key is a hash of what they are counted by: an address,
-- whether or not it has an account, a source, a device.
CREATE TABLE attempts (
    key          bytea PRIMARY KEY CHECK (octet_length(key) = 32),
    pending      integer NOT NULL CHECK (pending >= 0),
    failures     integer NOT NULL CHECK (failures >= 0),
    allowed      integer NOT NULL,
    reserved_at  timestamptz NOT NULL,
    expires_at   timestamptz NOT NULL,
    locked_until timestamptz
);
CREATE INDEX attempts_expires_at ON attempts (expires_at);

-- +goose Down
DROP TABLE attempts, refresh_tokens, sessions, users;
