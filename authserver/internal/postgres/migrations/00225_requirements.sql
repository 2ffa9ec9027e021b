-- +goose Up
-- How far a requirement has come with somebody. There is no row where nothing has happened
-- yet. Whoever meets it has met_at; whoever loses again what they met it by, has it no more.
CREATE TABLE requirements (
    user_id    uuid NOT NULL REFERENCES users ON DELETE CASCADE,
    kind       text NOT NULL CHECK (kind IN ('factors', 'passwords')),
    told_at    timestamptz,
    due_at     timestamptz,
    reached_at timestamptz,
    met_at     timestamptz,
    PRIMARY KEY (user_id, kind)
);
CREATE INDEX requirements_unmet ON requirements (kind, user_id) WHERE met_at IS NULL;
CREATE INDEX requirements_blocked ON requirements (kind, reached_at) WHERE met_at IS NULL AND reached_at IS NOT NULL;

-- Whoever is stopped takes a turn: of two at once, one has counted before the other was
-- stopped, and counts again.
CREATE TABLE requirement_turns (
    kind text PRIMARY KEY,
    turn bigint NOT NULL
) WITH (fillfactor = 50);
INSERT INTO requirement_turns (kind, turn) VALUES ('factors', 0), ('passwords', 0);

-- What one server has counted for all. The question is a hash of the settings that it depends
-- on.
CREATE TABLE requirement_counts (
    kind          text PRIMARY KEY,
    claimed_until timestamptz,
    question      text,
    covered       bigint,
    without       bigint,
    by_group      jsonb,
    counted_at    timestamptz
);

-- +goose Down
DROP TABLE requirement_counts;
DROP TABLE requirement_turns;
DROP TABLE requirements;
