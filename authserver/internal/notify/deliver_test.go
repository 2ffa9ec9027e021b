// SPDX-License-Identifier: Apache-2.0

package notify

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/realmkeeper/realmkeeper/authserver/internal/auth"
)

func TestRetriesSlowDown(t *testing.T) {
	t.Parallel()
	for _, chance := range []byte{0, 255} {
		s := &Service{Realm: auth.Realm{Random: bytes.NewReader(bytes.Repeat([]byte{chance}, 100))}}
		previous, total := time.Duration(0), time.Duration(0)
		for attempt := 1; attempt <= 100; attempt++ {
			pause := s.retryAfter(attempt)
			if pause < previous || pause < firstRetry*3/4 || pause > longestRetry {
				t.Errorf("attempt %d is followed by %s, the one before it by %s", attempt, pause, previous)
			}
			previous, total = pause, total+pause
		}
		if total < giveUpAfter/2 {
			t.Errorf("a hundred attempts take only %s", total)
		}
	}
}

// The reason of a failure is public; an error's own words may quote anything.
func TestReasonsQuoteNobody(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		err  error
		want string
	}{
		"a reason":        {fmt.Errorf("send: %w", &DeliveryError{Reason: "refused"}), "refused"},
		"no time left":    {fmt.Errorf("ann@example.com: %w", context.DeadlineExceeded), "no answer in time"},
		"something else":  {errors.New("ann@example.com is full"), "failed"},
		"a store refusal": {&auth.Error{Code: auth.DatabaseUnavailable, Cause: errors.New("ann@example.com")}, "failed"},
	} {
		if got := reason(c.err); got != c.want {
			t.Errorf("%s: the reason is %q, want %q", name, got, c.want)
		}
	}
}
