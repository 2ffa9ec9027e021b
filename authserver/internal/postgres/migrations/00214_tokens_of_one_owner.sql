-- +goose Up
-- Reads the tokens that there are, while others write them.
ALTER TABLE personal_access_tokens
    VALIDATE CONSTRAINT personal_access_tokens_service_account_id_fkey,
    VALIDATE CONSTRAINT personal_access_tokens_owner;

-- +goose Down
SELECT 1;
