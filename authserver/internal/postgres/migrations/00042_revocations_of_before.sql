-- +goose Up
-- Sessions that ended under a build that kept no such list.
INSERT INTO revocations (about)
SELECT id FROM sessions WHERE ended_at > now() - interval '25 hours'
ON CONFLICT (about) DO NOTHING;

-- +goose Down
SELECT 1;
