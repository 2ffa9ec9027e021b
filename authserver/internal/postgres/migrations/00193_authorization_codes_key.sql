-- +goose Up
-- The thumbprint of the key that the client must hold which exchanges the code (RFC 9449,
-- section 10); none where it has named none.
ALTER TABLE authorization_codes ADD COLUMN dpop_jkt text;

-- +goose Down
ALTER TABLE authorization_codes DROP COLUMN dpop_jkt;
