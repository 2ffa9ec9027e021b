-- +goose Up
-- Which rule of the outcome's code has refused; none where the code says all.
ALTER TABLE audit_events ADD COLUMN reason text;

-- +goose Down
ALTER TABLE audit_events DROP COLUMN reason;
