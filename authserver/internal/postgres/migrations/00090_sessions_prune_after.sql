-- +goose Up
-- The day after which pruning looks at a session. Each use of a session makes it
-- expire later, and an index on expires_at would have to be told every time. This day
-- is at or before the one of expires_at; when it is over, pruning moves it to that
-- one. A row that a build from before writes has no such day, and is looked at at once.
ALTER TABLE sessions ADD COLUMN prune_after date NOT NULL DEFAULT '-infinity';

-- +goose Down
ALTER TABLE sessions DROP COLUMN prune_after;
