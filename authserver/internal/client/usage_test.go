// SPDX-License-Identifier: Apache-2.0

package client

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/realmkeeper/realmkeeper/authserver/realmconfig"
)

// clientsOf puts clients with two secrets in force, all of which are in one shard.
func clientsOf(t *testing.T, n int) (*realmconfig.ClientSet, int, []string) {
	t.Helper()
	d := realmconfig.ClientDocument{Version: realmconfig.Version}
	shard, ids := realmconfig.ClientShard("shop.web-0"), []string(nil)
	for i := 0; len(ids) < n; i++ {
		c := realmconfig.DefaultClient()
		c.ID, c.Since, c.DisplayName = fmt.Sprintf("shop.web-%d", i), time.Now(), "Shop"
		c.RedirectURIs = []string{"https://shop.example.com"}
		c.Secrets = []realmconfig.ClientSecret{{ID: "new", SHA256: realmconfig.DigestSecret("1")}, {ID: "old", SHA256: realmconfig.DigestSecret("2")}}
		if realmconfig.ClientShard(c.ID) == shard {
			d.Clients, ids = append(d.Clients, c), append(ids, c.ID)
		}
	}
	slices.Sort(ids)
	data, err := realmconfig.EncodeClients(d)
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), realmconfig.ClientFile(shard))
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, data, 0o600); err != nil {
		t.Fatal(err)
	}
	return realmconfig.LoadClients(filepath.Dir(filepath.Dir(path)), nil), shard, ids
}

func TestUsageIsOfTheLastTwoDays(t *testing.T) {
	t.Parallel()
	clients, shard, ids := clientsOf(t, 4)
	now := time.Date(2026, 11, 28, 23, 59, 0, 0, time.FixedZone("", -3600)) // the 29th in UTC
	u := NewUsage(func() time.Time { return now })
	if got := u.Report(clients); got != nil {
		t.Errorf("nobody has been used, and the report is %v", got)
	}
	told := func() string {
		days := []string{}
		for _, d := range u.Report(clients) {
			day := d.Day + ":"
			for i := range ids {
				if d.Clients[shard].Has(i) {
					day += fmt.Sprintf(" %d", i)
				}
				if d.OldSecrets[shard].Has(i) {
					day += "*"
				}
			}
			days = append(days, day)
		}
		return strings.Join(days, ", ")
	}
	expect := func(want string) {
		t.Helper()
		if got := told(); got != want {
			t.Errorf("report is %q, want %q", got, want)
		}
	}
	u.mark(ids[0], "new")
	u.mark("shop.gone", "old")
	expect("2026-11-29: 0")
	u.mark(ids[0], "old")
	u.mark(ids[2], "")
	expect("2026-11-29: 0* 2")
	now = now.Add(24 * time.Hour)
	expect("2026-11-29: 0* 2")
	u.mark(ids[1], "old")
	expect("2026-11-30: 1*, 2026-11-29: 0* 2")
	now = now.Add(-24 * time.Hour) // a clock that was set back
	u.mark(ids[3], "old")
	expect("2026-11-30: 1*, 2026-11-29: 0* 2 3*")
	now = now.Add(72 * time.Hour)
	u.mark(ids[3], "new")
	expect("2026-12-02: 3, 2026-11-30: 1*")
}

func TestUsageIsMarkedByManyAtOnce(t *testing.T) {
	t.Parallel()
	clients, shard, ids := clientsOf(t, 20)
	u := NewUsage(time.Now)
	var group sync.WaitGroup
	for _, id := range ids {
		for range 10 {
			group.Go(func() {
				u.mark(id, "old")
				u.Report(clients)
			})
		}
	}
	group.Wait()
	marked := map[int]bool{}
	for _, d := range u.Report(clients) { // midnight may have passed
		for i := range ids {
			marked[i] = marked[i] || d.Clients[shard].Has(i) && d.OldSecrets[shard].Has(i)
		}
	}
	for i := range ids {
		if !marked[i] {
			t.Errorf("%s is not marked", ids[i])
		}
	}
}
