-- +goose Up
-- Triggers, since pods of the release before end sessions too, and since a statement that
-- ends one does not see a grant that began while it waited for the session; what runs at
-- its end does.
--
-- Every statement that ends sessions names them in revocations, a thousand at once where
-- there are many, and no statement that answers a refresh does: hence the trigger is there
-- and not on sessions. An order keeps two such statements from waiting for each other.
-- +goose StatementBegin
CREATE FUNCTION tell_clients_of_revoked() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO logouts (client_id, user_id, sid, granted_at)
    SELECT DISTINCT ON (client_id, sid) client_id, user_id, sid, granted_at FROM session_clients
    WHERE session_id = ANY (ARRAY(SELECT about FROM revoked WHERE role IS NULL))
    ORDER BY client_id, sid;
    RETURN NULL;
END
$$;

-- The sessions of a user who is deleted go with the user, one after the other. What a client
-- was told with one of them it is not told with the next.
CREATE FUNCTION tell_clients_of_deleted() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    WITH told AS (
        INSERT INTO logouts (client_id, user_id, sid, granted_at)
        SELECT client_id, user_id, sid, granted_at FROM session_clients WHERE session_id = OLD.id
        RETURNING client_id, sid
    )
    DELETE FROM session_clients c USING told, sessions s
    WHERE s.user_id = OLD.user_id AND c.session_id = s.id AND c.client_id = told.client_id AND c.sid = told.sid;
    RETURN OLD;
END
$$;
-- +goose StatementEnd

CREATE TRIGGER revocations_logouts AFTER INSERT ON revocations REFERENCING NEW TABLE AS revoked
    FOR EACH STATEMENT EXECUTE FUNCTION tell_clients_of_revoked();
-- One that has expired is pruned, of which nobody is told.
CREATE TRIGGER sessions_logouts BEFORE DELETE ON sessions FOR EACH ROW
    WHEN (OLD.ended_at IS NULL AND OLD.expires_at > now()) EXECUTE FUNCTION tell_clients_of_deleted();

-- +goose Down
DROP TRIGGER sessions_logouts ON sessions;
DROP TRIGGER revocations_logouts ON revocations;
DROP FUNCTION tell_clients_of_deleted();
DROP FUNCTION tell_clients_of_revoked();
