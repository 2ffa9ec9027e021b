-- +goose Up
-- What the attempts on an address are counted by, as auth.KeyOf. PostgreSQL does not
-- call convert_to immutable, because encodings can be redefined; UTF-8 is not.
CREATE FUNCTION account_key(email text) RETURNS bytea LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$
    SELECT sha256(convert_to(email, 'UTF8'))
$$;

-- Whose address it is that is locked. Nobody has the address of many locks: they must
-- not stand in the way of whoever looks for those of users.
ALTER TABLE attempts ADD COLUMN user_id uuid;

-- +goose Down
ALTER TABLE attempts DROP COLUMN user_id;
DROP FUNCTION account_key(text);
