-- +goose Up
-- The thumbprint of the key that a public client must hold to go on with the grant (RFC
-- 9449, section 5); none where it began without one.
ALTER TABLE grants ADD COLUMN dpop_jkt text;

-- +goose Down
ALTER TABLE grants DROP COLUMN dpop_jkt;
