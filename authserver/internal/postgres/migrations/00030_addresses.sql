-- +goose Up
-- Package mailaddress says what an address is; this is as much of it as a pattern
-- can say, in the same form in every locale.
-- +goose StatementBegin
CREATE FUNCTION is_mail_address(email text) RETURNS boolean LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT octet_length(email) <= 254 AND strpos(email, '@') <= 65 AND email COLLATE "C" ~ (
        '^[a-z0-9!#$%&''*+/=?^_`{|}~-]+([.][a-z0-9!#$%&''*+/=?^_`{|}~-]+)*@'
        '(?!(.*[.])?[0-9]+$)(?!(.*[.])?(?!xn)..--)'
        '[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?([.][a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?)*$')
$$;

CREATE FUNCTION refuse_mail_address() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE 'users.email: is not an address in its normal form' USING ERRCODE = 'check_violation';
END
$$;
-- +goose StatementEnd

-- A CHECK, even one that is NOT VALID, is asked about every new version of a row:
-- nobody could sign in any more whose address was stored before and stays as it
-- is. These triggers are asked about addresses alone.
ALTER TABLE users DROP CONSTRAINT users_email_check;
CREATE TRIGGER users_email_added BEFORE INSERT ON users FOR EACH ROW
    WHEN (NOT is_mail_address(NEW.email)) EXECUTE FUNCTION refuse_mail_address();
CREATE TRIGGER users_email_changed BEFORE UPDATE OF email ON users FOR EACH ROW
    WHEN (NEW.email <> OLD.email AND NOT is_mail_address(NEW.email)) EXECUTE FUNCTION refuse_mail_address();

-- +goose Down
DROP TRIGGER users_email_changed ON users;
DROP TRIGGER users_email_added ON users;
ALTER TABLE users ADD CONSTRAINT users_email_check CHECK (email = lower(btrim(email)) AND octet_length(email) <= 254) NOT VALID;
DROP FUNCTION refuse_mail_address();
DROP FUNCTION is_mail_address(text);
