-- +goose Up
-- The trail by time, so that what is past its retention is dropped and not deleted.
-- What was the whole trail is its first partition, without bounds, which is why
-- nobody has to read it; the server bounds it, and makes the others ahead.
DROP INDEX audit_events_at, audit_events_target_id, audit_events_actor_id, audit_events_account_key, audit_events_action;
ALTER TABLE audit_events DROP CONSTRAINT audit_events_pkey;
ALTER TABLE audit_events RENAME TO audit_events_first;

CREATE TABLE audit_events (LIKE audit_events_first INCLUDING DEFAULTS) PARTITION BY RANGE (at);
-- No primary key: pg_restore --clean cannot drop that of a partition.
CREATE UNIQUE INDEX audit_events_at_id ON audit_events (at, id);
CREATE INDEX audit_events_target_id ON audit_events (target_id, at NULLS FIRST) WHERE target_id IS NOT NULL;
CREATE INDEX audit_events_actor_id ON audit_events (actor_id, at NULLS FIRST) WHERE actor_id IS DISTINCT FROM target_id;
CREATE INDEX audit_events_account_key ON audit_events (account_key, at NULLS FIRST) WHERE account_key IS NOT NULL;
CREATE INDEX audit_events_succeeded ON audit_events (at) WHERE outcome = 'succeeded';
CREATE INDEX audit_events_succeeded_action ON audit_events (action, at NULLS FIRST) WHERE outcome = 'succeeded';
CREATE INDEX audit_events_refused_action ON audit_events (action, at NULLS FIRST) WHERE outcome <> 'succeeded';
CREATE INDEX audit_events_refused_outcome ON audit_events (outcome, at NULLS FIRST) WHERE outcome <> 'succeeded';
CREATE INDEX audit_events_refused_action_outcome ON audit_events (action, outcome, at NULLS FIRST) WHERE outcome <> 'succeeded';
ALTER TABLE audit_events ATTACH PARTITION audit_events_first FOR VALUES FROM (MINVALUE) TO (MAXVALUE);

-- Whoever owned the table, or had rights on it, has them on the whole.
-- +goose StatementBegin
DO $$
DECLARE
    one record;
BEGIN
    FOR one IN SELECT pg_get_userbyid(relowner) AS owner FROM pg_class
        WHERE oid = 'audit_events_first'::regclass AND pg_get_userbyid(relowner) <> current_user LOOP
        EXECUTE format('ALTER TABLE audit_events OWNER TO %I', one.owner);
    END LOOP;
    FOR one IN SELECT a.* FROM pg_class, aclexplode(relacl) AS a WHERE oid = 'audit_events_first'::regclass AND a.grantee <> relowner LOOP
        EXECUTE format('GRANT %s ON audit_events TO %s', one.privilege_type,
            CASE one.grantee WHEN 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(one.grantee)) END
            || CASE WHEN one.is_grantable THEN ' WITH GRANT OPTION' ELSE '' END);
    END LOOP;
END
$$;
-- +goose StatementEnd

-- +goose Down
LOCK TABLE audit_events; -- or what is written meanwhile would be lost
CREATE TABLE audit_events_whole (LIKE audit_events INCLUDING DEFAULTS);
INSERT INTO audit_events_whole SELECT * FROM audit_events;
DROP TABLE audit_events;
ALTER TABLE audit_events_whole RENAME TO audit_events;
ALTER TABLE audit_events ADD PRIMARY KEY (id);
CREATE INDEX audit_events_at ON audit_events (at DESC, id DESC);
CREATE INDEX audit_events_target_id ON audit_events (target_id, at DESC);
CREATE INDEX audit_events_actor_id ON audit_events (actor_id, at DESC);
CREATE INDEX audit_events_account_key ON audit_events (account_key, at DESC);
CREATE INDEX audit_events_action ON audit_events (action, at DESC);
CREATE UNIQUE INDEX audit_events_first_at_id ON audit_events (at, id);
CREATE INDEX audit_events_first_target_id ON audit_events (target_id, at NULLS FIRST) WHERE target_id IS NOT NULL;
CREATE INDEX audit_events_first_actor_id ON audit_events (actor_id, at NULLS FIRST) WHERE actor_id IS DISTINCT FROM target_id;
CREATE INDEX audit_events_first_account_key ON audit_events (account_key, at NULLS FIRST) WHERE account_key IS NOT NULL;
CREATE INDEX audit_events_first_succeeded ON audit_events (at) WHERE outcome = 'succeeded';
CREATE INDEX audit_events_first_succeeded_action ON audit_events (action, at NULLS FIRST) WHERE outcome = 'succeeded';
CREATE INDEX audit_events_first_refused_action ON audit_events (action, at NULLS FIRST) WHERE outcome <> 'succeeded';
CREATE INDEX audit_events_first_refused_outcome ON audit_events (outcome, at NULLS FIRST) WHERE outcome <> 'succeeded';
CREATE INDEX audit_events_first_refused_action_outcome ON audit_events (action, outcome, at NULLS FIRST) WHERE outcome <> 'succeeded';
