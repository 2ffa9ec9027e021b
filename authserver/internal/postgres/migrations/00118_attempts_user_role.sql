-- +goose Up
-- +goose StatementBegin
CREATE OR REPLACE FUNCTION name_locked_user() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.user_id := NULL;
    NEW.user_role := NULL;
    SELECT id, role INTO NEW.user_id, NEW.user_role FROM users WHERE account_key(email) = NEW.key;
    RETURN NEW;
END
$$;

CREATE OR REPLACE FUNCTION take_over_attempts() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE attempts SET user_id = NEW.id, user_role = NEW.role
    WHERE key = account_key(NEW.email) AND (user_id, user_role) IS DISTINCT FROM (NEW.id, NEW.role);
    RETURN NULL;
END
$$;

-- A lock that is over is nobody's, or the index of locked users would have counts too.
CREATE FUNCTION forget_locked_user() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.user_id := NULL;
    NEW.user_role := NULL;
    RETURN NEW;
END
$$;
-- +goose StatementEnd

-- Users come first, as for whoever signs in.
CREATE TRIGGER users_attempts_role AFTER UPDATE OF role ON users FOR EACH ROW
    WHEN (NEW.role <> OLD.role) EXECUTE FUNCTION take_over_attempts();

-- The role of whoever is locked, so that locked users of a rare role are found without
-- reading all locks. Of most rows it is null: a planner that knows expects a second
-- condition to leave nothing.
ALTER TABLE attempts ADD COLUMN user_role text;
ALTER TABLE attempts ALTER COLUMN user_role SET STATISTICS 0;

CREATE TRIGGER attempts_unlocked BEFORE UPDATE OF locked_until ON attempts FOR EACH ROW
    WHEN (NEW.locked_until IS NULL AND OLD.locked_until IS NOT NULL) EXECUTE FUNCTION forget_locked_user();

-- +goose Down
DROP TRIGGER users_attempts_role ON users;
DROP TRIGGER attempts_unlocked ON attempts;
DROP FUNCTION forget_locked_user();
-- +goose StatementBegin
CREATE OR REPLACE FUNCTION take_over_attempts() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE attempts SET user_id = NEW.id WHERE key = account_key(NEW.email) AND user_id IS DISTINCT FROM NEW.id;
    RETURN NULL;
END
$$;

CREATE OR REPLACE FUNCTION name_locked_user() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.user_id := (SELECT id FROM users WHERE account_key(email) = NEW.key);
    RETURN NEW;
END
$$;
-- +goose StatementEnd
ALTER TABLE attempts DROP COLUMN user_role;
