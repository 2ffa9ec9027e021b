-- +goose Up
-- A factor is pending until its owner has shown a code of it. Enrolment names
-- it: a factor that takes its place has another.
CREATE TABLE second_factors (
    user_id      uuid NOT NULL REFERENCES users ON DELETE CASCADE,
    method       text NOT NULL CHECK (method IN ('totp', 'sms')),
    enrolment    uuid NOT NULL,
    sealed       bytea NOT NULL, -- the shared secret, or the telephone number
    last_step    bigint NOT NULL DEFAULT 0, -- the newest whose code was used
    backup_codes bytea[], -- the hashes that count once the factor is verified
    created_at   timestamptz NOT NULL,
    verified_at  timestamptz,
    PRIMARY KEY (user_id, method)
);
CREATE INDEX second_factors_pending ON second_factors (created_at) WHERE verified_at IS NULL;
-- A sealed value begins with the name of its key: those of other keys are found
-- before and after those of the present one.
CREATE INDEX second_factors_sealed ON second_factors (sealed);

-- Removing a hash from the array is what uses up a code.
CREATE TABLE backup_codes (
    user_id    uuid PRIMARY KEY REFERENCES users ON DELETE CASCADE,
    hashes     bytea[] NOT NULL,
    created_at timestamptz NOT NULL
);

-- The last code sent to a user, and how many there were of late. The code is
-- sealed, since six digits are no match for a hash; none is left of a used one.
CREATE TABLE text_codes (
    user_id       uuid PRIMARY KEY REFERENCES users ON DELETE CASCADE,
    id            uuid NOT NULL,
    enrolment     uuid NOT NULL, -- of the factor it was sent to
    sealed        bytea,
    expires_at    timestamptz NOT NULL,
    sent_at       timestamptz NOT NULL,
    hour_began_at timestamptz NOT NULL,
    sent_in_hour  integer NOT NULL
);
CREATE INDEX text_codes_sent_at ON text_codes (sent_at);

-- +goose Down
DROP TABLE text_codes, backup_codes, second_factors;
