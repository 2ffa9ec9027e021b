-- +goose Up
-- How the user of a session showed who they are (RFC 8176), with spaces between; none
-- where nobody knows. And the client whose own a session is (offline_access): none for
-- one of a browser or an app. A pod of the release before shows it among the others, and
-- ends it with them, as it should; it has no refresh token that such a pod could find.
ALTER TABLE sessions ADD COLUMN amr text, ADD COLUMN client_id text;

-- A code is used up where it stands: whoever shows it once more ends what it was
-- exchanged for, which is the grant. That does not refer to its table, because a code
-- that is refused is used up too.
CREATE TABLE authorization_codes (
    hash           bytea PRIMARY KEY CHECK (octet_length(hash) = 32),
    session_id     uuid NOT NULL REFERENCES sessions ON DELETE CASCADE,
    client_id      text NOT NULL,
    redirect_uri   text NOT NULL,
    code_challenge text,
    scope          text NOT NULL,
    audience       text NOT NULL,
    nonce          text,
    claims         jsonb,
    offline        boolean NOT NULL,
    created_at     timestamptz NOT NULL,
    expires_at     timestamptz NOT NULL,
    used_at        timestamptz,
    grant_id       uuid,
    CHECK ((used_at IS NULL) = (grant_id IS NULL))
);
CREATE INDEX authorization_codes_session_id ON authorization_codes (session_id);
CREATE INDEX authorization_codes_expires_at ON authorization_codes (expires_at);

-- What a client may do for a user. It hangs on a session, and is worth nothing when that
-- is over, however it was ended. sid is the browser's session that it began in, which is
-- another one where the grant has a session of its own. The day is as in sessions.
CREATE TABLE grants (
    id           uuid PRIMARY KEY,
    session_id   uuid NOT NULL REFERENCES sessions ON DELETE CASCADE,
    sid          uuid NOT NULL,
    client_id    text NOT NULL,
    scope        text NOT NULL,
    audience     text NOT NULL,
    nonce        text,
    claims       jsonb,
    created_at   timestamptz NOT NULL,
    last_used_at timestamptz NOT NULL,
    expires_at   timestamptz NOT NULL,
    prune_after  date NOT NULL,
    ended_at     timestamptz,
    ended_reason text,
    CHECK ((ended_at IS NULL) = (ended_reason IS NULL))
) WITH (fillfactor = 90, autovacuum_vacuum_scale_factor = 0.1);
CREATE INDEX grants_session_id ON grants (session_id);
CREATE INDEX grants_prune_after ON grants (prune_after);

-- Refresh tokens of clients are in no table that a pod of the release before reads.
CREATE TABLE grant_tokens (
    hash             bytea PRIMARY KEY CHECK (octet_length(hash) = 32),
    grant_id         uuid NOT NULL REFERENCES grants ON DELETE CASCADE,
    expires_at       timestamptz NOT NULL,
    rotated_at       timestamptz,
    successor_sealed bytea,
    CHECK ((rotated_at IS NULL) = (successor_sealed IS NULL))
) WITH (fillfactor = 50, autovacuum_vacuum_scale_factor = 0.05);
CREATE INDEX grant_tokens_grant_id ON grant_tokens (grant_id);
CREATE INDEX grant_tokens_expires_at ON grant_tokens (expires_at);

-- +goose Down
DROP TABLE grant_tokens, grants, authorization_codes;
ALTER TABLE sessions DROP COLUMN amr, DROP COLUMN client_id;
