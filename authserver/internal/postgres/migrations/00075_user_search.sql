-- +goose Up
-- What there is to find of each user, in the form of auth.SearchDocument, which only
-- the server can make: none until it has. The edition tells it whether the user has
-- changed since it looked. The rows are beside those of users, so that a login, which
-- writes there, has no index of letters to keep.
CREATE TABLE user_search (
    user_id  uuid PRIMARY KEY,
    edition  bigint NOT NULL DEFAULT 0,
    document text COLLATE "C"
);
CREATE INDEX user_search_outdated ON user_search (user_id) WHERE document IS NULL;

-- +goose StatementBegin
-- The extension pg_trgm is not everybody's to install, and knows no letters beyond
-- ASCII where the database has the locale C.
CREATE FUNCTION trigrams(document text) RETURNS text[] LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE COST 1000 AS $$
    SELECT array_agg(DISTINCT substr(document, i, 3)) FROM generate_series(1, length(document) - 2) AS i
$$;

CREATE FUNCTION outdate_user_search() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'DELETE' THEN
        DELETE FROM user_search WHERE user_id = OLD.id;
    ELSE
        INSERT INTO user_search AS s (user_id) VALUES (NEW.id)
        ON CONFLICT (user_id) DO UPDATE SET document = NULL, edition = s.edition + 1;
    END IF;
    RETURN NULL;
END
$$;
-- +goose StatementEnd

CREATE INDEX user_search_trigrams ON user_search USING gin (trigrams(document));

-- Triggers, since pods of the release before write users too.
CREATE TRIGGER users_search_added AFTER INSERT ON users FOR EACH ROW EXECUTE FUNCTION outdate_user_search();
CREATE TRIGGER users_search_changed AFTER UPDATE OF name, email ON users FOR EACH ROW
    WHEN (NEW.name <> OLD.name OR NEW.email <> OLD.email) EXECUTE FUNCTION outdate_user_search();
CREATE TRIGGER users_search_deleted AFTER DELETE ON users FOR EACH ROW EXECUTE FUNCTION outdate_user_search();

-- +goose Down
DROP TRIGGER users_search_deleted ON users;
DROP TRIGGER users_search_changed ON users;
DROP TRIGGER users_search_added ON users;
DROP TABLE user_search;
DROP FUNCTION outdate_user_search();
DROP FUNCTION trigrams(text);
