-- +goose NO TRANSACTION
-- +goose Up
-- Locks from before there was the role, each by itself: whoever tries an address never
-- waits for more than one.
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
            UPDATE attempts a SET user_role = (SELECT role FROM users WHERE id = a.user_id)
            WHERE a.key = one AND a.user_id IS NOT NULL AND a.user_role IS NULL;
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
