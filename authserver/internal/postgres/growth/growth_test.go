// SPDX-License-Identifier: Apache-2.0

//go:build growth

package growth

import (
	"fmt"
	"log/slog"
	"os"
	"strconv"
	"syscall"
	"testing"
	"time"

	"github.com/realmkeeper/realmkeeper/authserver/internal/postgres"
	"github.com/realmkeeper/realmkeeper/internal/testenv"
)

// manyUsers is how many the published figures are about.
const manyUsers = 3_000_000

// TestGrowth fills the database of the release before, upgrades it while pods work, and
// measures what the present release does with it.
func TestGrowth(t *testing.T) {
	many := manyUsers
	if given := os.Getenv("USERS"); given != "" {
		var err error
		if many, err = strconv.Atoi(given); err != nil || many < 10_000 {
			t.Fatalf("USERS is %q: it must be 10000 at least", given)
		}
	}
	if err := roomFor(many); err != nil {
		t.Fatal(err)
	}
	server, err := testenv.StartPostgresOnDisk(t.Context(), whileFilling()...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := server.Stop(); err != nil {
			t.Error(err)
		}
	})
	f := filler{url: server.Database(t), size: size{many}, now: time.Now().UTC(), workers: 3, say: say}
	r := newReport(t, f)

	r.phase("fill", func() {
		if err := migrateUpTo(t.Context(), f.url, releaseBefore()); err != nil {
			t.Fatal(err)
		}
		if err := f.fill(t.Context()); err != nil {
			t.Fatal(err)
		}
		// A realm's managed database has the settings that PostgreSQL has by itself.
		if err := server.Configure(t.Context()); err != nil {
			t.Fatal(err)
		}
	})
	r.phase("upgrade", func() { r.upgrade = upgradeUnderLoad(t, f) })
	r.phase("tables that the release before did not have", func() {
		if err := f.fill(t.Context()); err != nil {
			t.Error(err)
		}
	})
	w := newLoad(newWorld(t, f))
	r.phase("turnover", func() { w.turnOver() })
	r.phase("costs", func() { r.costs = measureCosts(w, freshDatabase(t, server)) })
	r.phase("statements", func() { r.statements = w.explainAll(server.Log()) })
	r.phase("searches beside refreshes", func() { r.starving = w.starve() })
	r.phase("pruning", func() { r.pruning = w.pruneRounds() })
	r.sizes = w.sizes()
	r.judge(t)
	r.publish(t)
}

// roomFor says how much room is missing on the disk of temporary folders.
func roomFor(users int) error {
	const bytesEach, log = 3500, 4 << 30
	var fs syscall.Statfs_t
	if err := syscall.Statfs(os.TempDir(), &fs); err != nil {
		return err
	}
	free, needed := int(fs.Bavail)*int(fs.Bsize), users*bytesEach+log
	if free < needed {
		return fmt.Errorf("%s has %d GB left, and %d users need %d: say another place in TMPDIR, or fewer in USERS",
			os.TempDir(), free>>30, users, needed>>30)
	}
	return nil
}

// whileFilling are settings for those who can begin again.
func whileFilling() []string {
	return []string{"fsync=off", "full_page_writes=off", "autovacuum=off", "shared_buffers=1GB", "max_wal_size=2GB", "checkpoint_timeout=1h"}
}

// freshDatabase has the present schema and nobody in it.
func freshDatabase(t *testing.T, server *testenv.Postgres) string {
	t.Helper()
	url := server.Database(t)
	if err := postgres.Migrate(t.Context(), place(url), slog.New(slog.DiscardHandler)); err != nil {
		t.Fatal(err)
	}
	return url
}

// say tells who waits what is going on.
func say(format string, args ...any) {
	fmt.Printf("%s  %s\n", time.Now().Format(time.TimeOnly), fmt.Sprintf(format, args...))
}
