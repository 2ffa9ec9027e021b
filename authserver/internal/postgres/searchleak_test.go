// SPDX-License-Identifier: Apache-2.0

package postgres_test

import (
	"context"
	"sync"
	"testing"
	"time"

	"github.com/realmkeeper/realmkeeper/authserver/internal/admin"
	"github.com/realmkeeper/realmkeeper/internal/testenv"
	"github.com/realmkeeper/realmkeeper/internal/testenv/eventually"
)

// Whoever asks leaves at any moment, and takes nothing along.
func TestSearchesThatAreLeftGiveBackTheirShare(t *testing.T) {
	t.Parallel()
	for name, pooled := range map[string]bool{"directly": false, "through a pooler": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			url := server.Database(t)
			through := url
			if pooled {
				through = testenv.Pooled(t, url)
			}
			s := open(t, place(through+"&pool_max_conns=5"))
			addUser(t, s, "ann@example.com")
			makeDocuments(t, s)
			var left sync.WaitGroup
			for i := range 300 {
				left.Go(func() {
					ctx, leave := context.WithTimeout(t.Context(), time.Duration(i%50)*200*time.Microsecond)
					defer leave()
					_, _ = s.FindUsers(ctx, admin.UserQuery{Text: "ann", Limit: 10}, start)
				})
				if i%4 == 3 {
					left.Wait()
				}
			}
			left.Wait()
			if got := findUsers(t, s, admin.UserQuery{Text: "ann"}); got != "ann" {
				t.Errorf("afterwards, ann finds %q", got)
			}
			eventually.Holds(t, "no transaction is left open", func() bool {
				return count(t, url, "pg_stat_activity WHERE datname = current_database() AND state LIKE 'idle in transaction%'") == 0
			})
		})
	}
}
