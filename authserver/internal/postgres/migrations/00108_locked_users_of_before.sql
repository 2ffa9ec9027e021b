-- +goose NO TRANSACTION
-- +goose Up
-- Locks from before the triggers, each by itself: whoever tries an address never waits
-- for more than one.
-- +goose StatementBegin
DO $$
DECLARE
    last bytea := '';
    batch bytea[];
    one bytea;
BEGIN
    LOOP
        SELECT array_agg(key ORDER BY key) INTO batch FROM (SELECT key FROM attempts WHERE key > last ORDER BY key LIMIT 1000) AS next;
        EXIT WHEN batch IS NULL;
        FOREACH one IN ARRAY batch LOOP
            UPDATE attempts a SET user_id = u.id FROM users u
            WHERE a.key = one AND a.locked_until IS NOT NULL AND a.user_id IS NULL AND account_key(u.email) = one;
            IF FOUND THEN
                COMMIT;
            END IF;
        END LOOP;
        last := one;
        COMMIT;
    END LOOP;
END
$$;
-- +goose StatementEnd

-- +goose Down
SELECT 1;
