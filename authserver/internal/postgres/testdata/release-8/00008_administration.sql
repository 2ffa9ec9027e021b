-- +goose Up
CREATE INDEX users_email_prefix ON users (email text_pattern_ops);
CREATE INDEX users_name_prefix ON users (lower(name) text_pattern_ops);
CREATE INDEX users_role ON users (role, id DESC);
CREATE INDEX audit_events_account_key ON audit_events (account_key, at DESC);
CREATE INDEX audit_events_action ON audit_events (action, at DESC);

-- +goose Down
DROP INDEX audit_events_action, audit_events_account_key, users_role, users_name_prefix, users_email_prefix;
