-- +goose Up
-- How many messages have gone to a telephone, to an address, or out of the realm, of
-- late. A key is a hash under the realm's key. It refers to no other table: what was
-- sent is not taken back by deleting the account. Takes the place of mail_quotas,
-- which builds from before still write.
CREATE TABLE quotas (
    key     bytea PRIMARY KEY CHECK (octet_length(key) = 32),
    used    integer NOT NULL,
    allowed integer NOT NULL, -- when it was counted last
    since   timestamptz NOT NULL
);
CREATE INDEX quotas_since ON quotas (since);

-- +goose Down
DROP TABLE quotas;
