-- +goose Up
-- Every message is stored, claimed and deleted: what is dead is in the way of those
-- who look for the next one, however many wait.
ALTER TABLE outbox SET (
    autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 10000,
    autovacuum_analyze_scale_factor = 0, autovacuum_analyze_threshold = 10000
);

-- New documents wait in a list that every search reads, and whoever fills it has to
-- sort it in: in 256 KiB not for long.
ALTER INDEX user_search_trigrams SET (gin_pending_list_limit = 256);

-- +goose Down
ALTER INDEX user_search_trigrams RESET (gin_pending_list_limit);
ALTER TABLE outbox RESET (
    autovacuum_vacuum_scale_factor, autovacuum_vacuum_threshold,
    autovacuum_analyze_scale_factor, autovacuum_analyze_threshold
);
