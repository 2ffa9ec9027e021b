// SPDX-License-Identifier: Apache-2.0

package postgres_test

import (
	"fmt"
	"testing"
	"time"
)

// fillTrail records many events between two times: of logins most of all, of which one
// in seven is refused, and of 10,000 users. User 1 is acted upon by user 2 now and then.
func fillTrail(t *testing.T, url string, events int, from, to time.Time) {
	t.Helper()
	execute(t, url, fmt.Sprintf(`
		INSERT INTO audit_events (id, at, action, outcome, actor_id, target_id, account_key, user_agent)
		SELECT gen_random_uuid(), timestamptz '%s' + i * interval '%d microseconds',
			CASE WHEN i %% 5000 = 17 THEN 'user.disabled' WHEN i %% 10 < 7 THEN 'login' WHEN i %% 10 < 9 THEN 'logout' ELSE 'proof.given' END,
			CASE WHEN i %% 20000 = 14 THEN 'identity_refused' WHEN i %% 7 = 0 OR i %% 10 = 9 THEN 'invalid_credentials' ELSE 'succeeded' END,
			CASE WHEN i %% 5000 = 17 THEN ('00000000-0000-7000-8000-' || lpad((2)::text, 12, '0'))::uuid WHEN i %% 7 > 0 THEN ('00000000-0000-7000-8000-' || lpad((i %% 10000)::text, 12, '0'))::uuid END,
			CASE WHEN i %% 5000 = 17 THEN ('00000000-0000-7000-8000-' || lpad((1)::text, 12, '0'))::uuid WHEN i %% 7 > 0 THEN ('00000000-0000-7000-8000-' || lpad((i %% 10000)::text, 12, '0'))::uuid END,
			CASE WHEN i %% 7 = 0 THEN sha256((i %% 10000)::text::bytea) END,
			'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/120.0 Safari/537.36'
		FROM generate_series(1, %d) AS i`, from.Format(time.RFC3339), to.Sub(from).Microseconds()/int64(events), events))
}

// numbered is the id of a user by number.
func numbered(i int) string { return fmt.Sprintf("00000000-0000-7000-8000-%012d", i) }
