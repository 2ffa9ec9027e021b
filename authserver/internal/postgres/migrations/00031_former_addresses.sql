-- +goose NO TRANSACTION
-- +goose Up
-- The addresses that auth.RewriteAddresses looks at. A pattern cannot tell whether
-- an A-label is one, so all of them are among these.
CREATE INDEX CONCURRENTLY IF NOT EXISTS users_former_address ON users (id)
    WHERE NOT is_mail_address(email) OR email LIKE '%xn--%';

-- +goose Down
DROP INDEX CONCURRENTLY IF EXISTS users_former_address;
