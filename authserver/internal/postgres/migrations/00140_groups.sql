-- +goose Up
-- Names are compared, and sorted, byte by byte, wherever the database is.
CREATE TABLE groups (
    id         uuid PRIMARY KEY,
    name       text COLLATE "C" NOT NULL UNIQUE CHECK (name <> '' AND octet_length(name) <= 128),
    created_at timestamptz NOT NULL
);

-- Whom an administrator has put into a group.
CREATE TABLE group_members (
    user_id  uuid NOT NULL REFERENCES users ON DELETE CASCADE,
    group_id uuid NOT NULL REFERENCES groups ON DELETE CASCADE,
    added_at timestamptz NOT NULL,
    PRIMARY KEY (user_id, group_id)
);
CREATE INDEX group_members_group_id ON group_members (group_id, user_id);

-- Whom a provider has put into a group, when they last signed in there. It goes with
-- the identity, whose user it names. The authority is who was configured to speak for
-- the provider then: one that is pointed elsewhere does not speak for those of before.
CREATE TABLE mapped_members (
    identity_id uuid NOT NULL REFERENCES identities ON DELETE CASCADE,
    group_id    uuid NOT NULL REFERENCES groups ON DELETE CASCADE,
    user_id     uuid NOT NULL,
    provider    text NOT NULL,
    authority   text NOT NULL,
    mapped_at   timestamptz NOT NULL,
    PRIMARY KEY (identity_id, group_id)
);
CREATE INDEX mapped_members_group_id ON mapped_members (group_id, provider, authority, user_id);

-- +goose Down
DROP TABLE mapped_members;
DROP TABLE group_members;
DROP TABLE groups;
