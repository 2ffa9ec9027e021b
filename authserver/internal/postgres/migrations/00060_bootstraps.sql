-- +goose Up
-- The credentials with which a first admin was asked for. Each works once: they
-- are known by a hash of the address and the bcrypt hash of the password, and
-- numbered by address, since a salted hash is never the same twice.
CREATE TABLE bootstraps (
    account_key   bytea CHECK (octet_length(account_key) = 32),
    number        integer NOT NULL,
    password_hash text,
    at            timestamptz,
    UNIQUE (account_key, number),
    CHECK ((account_key IS NULL) = (password_hash IS NULL))
);
-- A realm from before this table has had its first admin. The row without a hash
-- stands for the credentials that are mounted when it starts next.
INSERT INTO bootstraps (number)
SELECT 0 WHERE EXISTS (SELECT FROM users) OR EXISTS (SELECT FROM audit_events);

-- +goose Down
DROP TABLE bootstraps;
