-- +goose Up
-- Triggers, since pods of the release before lock and add accounts too.
-- +goose StatementBegin
CREATE FUNCTION name_locked_user() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.user_id := (SELECT id FROM users WHERE account_key(email) = NEW.key);
    RETURN NEW;
END
$$;

-- Whoever takes an address takes its lock.
CREATE FUNCTION take_over_attempts() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE attempts SET user_id = NEW.id WHERE key = account_key(NEW.email) AND user_id IS DISTINCT FROM NEW.id;
    RETURN NULL;
END
$$;
-- +goose StatementEnd

-- Users come first, as for whoever signs in: two that have one table and want the other
-- would wait for each other.
CREATE TRIGGER users_attempts_added AFTER INSERT ON users FOR EACH ROW EXECUTE FUNCTION take_over_attempts();
CREATE TRIGGER users_attempts_changed AFTER UPDATE OF email ON users FOR EACH ROW
    WHEN (NEW.email <> OLD.email) EXECUTE FUNCTION take_over_attempts();
CREATE TRIGGER attempts_locked_added BEFORE INSERT ON attempts FOR EACH ROW
    WHEN (NEW.locked_until IS NOT NULL) EXECUTE FUNCTION name_locked_user();
CREATE TRIGGER attempts_locked BEFORE UPDATE OF locked_until ON attempts FOR EACH ROW
    WHEN (NEW.locked_until IS NOT NULL AND OLD.locked_until IS NULL) EXECUTE FUNCTION name_locked_user();

-- +goose Down
DROP TRIGGER users_attempts_changed ON users;
DROP TRIGGER users_attempts_added ON users;
DROP TRIGGER attempts_locked ON attempts;
DROP TRIGGER attempts_locked_added ON attempts;
DROP FUNCTION take_over_attempts();
DROP FUNCTION name_locked_user();
