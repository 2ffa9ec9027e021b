-- +goose NO TRANSACTION
-- +goose Up
-- Users from before the triggers, some at a time. The server makes the documents.
-- +goose StatementBegin
DO $$
DECLARE
    last uuid := '00000000-0000-0000-0000-000000000000';
    batch uuid[];
BEGIN
    LOOP
        SELECT array_agg(id ORDER BY id) INTO batch FROM (SELECT id FROM users WHERE id > last ORDER BY id LIMIT 200) AS next;
        EXIT WHEN batch IS NULL;
        INSERT INTO user_search (user_id) SELECT unnest(batch) ON CONFLICT (user_id) DO NOTHING;
        last := batch[array_upper(batch, 1)];
        COMMIT;
    END LOOP;
END
$$;
-- +goose StatementEnd

-- +goose Down
SELECT 1;
