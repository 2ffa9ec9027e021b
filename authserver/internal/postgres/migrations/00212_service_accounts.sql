-- +goose Up
-- Accounts of the realm that are no person. They are no rows of users, so that nothing that
-- signs anybody in, writes to anybody or looks for an address ever finds one.
CREATE TABLE service_accounts (
    id          uuid PRIMARY KEY,
    -- A label of DNS (RFC 1123, section 2.1), which no address is.
    name        text COLLATE "C" NOT NULL UNIQUE CHECK (name ~ '^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$'),
    description text NOT NULL CHECK (octet_length(description) <= 1000),
    -- The administrator who made it, who may be gone.
    created_by  uuid NOT NULL,
    created_at  timestamptz NOT NULL,
    disabled_at timestamptz
);

-- How many rows there are of what is bounded. Whoever adds one locks the line of its kind, so
-- that there is never one too many, and nobody counts.
CREATE TABLE totals (
    kind  text PRIMARY KEY,
    total integer NOT NULL CHECK (total >= 0)
);
INSERT INTO totals (kind, total) VALUES ('service_accounts', 0);

-- Which groups an administrator has put them into.
CREATE TABLE service_account_groups (
    service_account_id uuid NOT NULL REFERENCES service_accounts ON DELETE CASCADE,
    group_id           uuid NOT NULL REFERENCES groups ON DELETE CASCADE,
    added_at           timestamptz NOT NULL,
    PRIMARY KEY (service_account_id, group_id)
);
CREATE INDEX service_account_groups_group_id ON service_account_groups (group_id, service_account_id);

-- A token is of a user or of a service account, and of the latter's one administrator has made
-- it. Pods of the release before look tokens up together with their user: one without is none
-- to them.
ALTER TABLE personal_access_tokens
    ALTER COLUMN user_id DROP NOT NULL,
    ADD COLUMN service_account_id uuid,
    ADD COLUMN made_by uuid,
    ADD CONSTRAINT personal_access_tokens_service_account_id_fkey
        FOREIGN KEY (service_account_id) REFERENCES service_accounts ON DELETE CASCADE NOT VALID,
    ADD CONSTRAINT personal_access_tokens_owner
        CHECK (num_nonnulls(user_id, service_account_id) = 1 AND (service_account_id IS NULL) = (made_by IS NULL)) NOT VALID;

-- +goose Down
DELETE FROM personal_access_tokens WHERE service_account_id IS NOT NULL;
ALTER TABLE personal_access_tokens DROP COLUMN service_account_id, DROP COLUMN made_by, ALTER COLUMN user_id SET NOT NULL;
DROP TABLE service_account_groups, totals, service_accounts;
