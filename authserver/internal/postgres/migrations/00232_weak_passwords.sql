-- +goose Up
-- Whose password the rules of a realm would not take any more, as a sign-in has shown: nothing
-- of the password, and not which rule. A row means nothing once users.password_changed_at is
-- later than seen_at: pods of releases before change passwords, and leave rows.
CREATE TABLE weak_passwords (
    user_id uuid PRIMARY KEY REFERENCES users ON DELETE CASCADE,
    seen_at timestamptz NOT NULL
);

-- +goose Down
DROP TABLE weak_passwords;
