-- +goose Up
-- Pods of the release before prune and end sessions without the two of time until they are
-- gone: more slowly, no worse. Most events have succeeded, so a page of those is found
-- among all. And nobody looks for the tokens of a session: those of one that is gone open
-- nothing, and go when they expire, which spares each new one an entry in an index and the
-- look at its session.
DROP INDEX refresh_tokens_expires_at, sessions_alive, audit_events_succeeded;
ALTER TABLE refresh_tokens DROP CONSTRAINT refresh_tokens_session_id_fkey;
DROP INDEX refresh_tokens_session_id;

-- +goose Down
CREATE INDEX audit_events_succeeded ON audit_events (at) WHERE outcome = 'succeeded';
CREATE INDEX sessions_alive ON sessions (created_at) WHERE ended_at IS NULL;
CREATE INDEX refresh_tokens_expires_at ON refresh_tokens (expires_at);
CREATE INDEX refresh_tokens_session_id ON refresh_tokens (session_id);
DELETE FROM refresh_tokens t WHERE NOT EXISTS (SELECT FROM sessions s WHERE s.id = t.session_id);
ALTER TABLE refresh_tokens ADD CONSTRAINT refresh_tokens_session_id_fkey FOREIGN KEY (session_id) REFERENCES sessions ON DELETE CASCADE;
