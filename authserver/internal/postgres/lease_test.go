// SPDX-License-Identifier: Apache-2.0

package postgres_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"os/exec"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/realmkeeper/realmkeeper/authserver/internal/postgres"
	"github.com/realmkeeper/realmkeeper/internal/testenv"
	"github.com/realmkeeper/realmkeeper/internal/testenv/eventually"
)

// busy is how long a migrator may take to begin on a machine that is busy with other things.
const busy = time.Minute

// migratorVariable makes TestMigrator migrate a database and be killed meanwhile.
const migratorVariable = "REALMKEEPER_TEST_MIGRATES"

func TestMigrator(t *testing.T) {
	if url := os.Getenv(migratorVariable); url != "" {
		t.Log(migrate(url))
	}
}

// stuck is a database whose next index waits for a reader.
type stuck struct {
	t      *testing.T
	url    string
	conn   *pgx.Conn
	reader *pgx.Conn
	// through is how migrators reach it.
	through string
}

func newStuck(t *testing.T) *stuck {
	t.Helper()
	url := at(t, ownFiles(t).upTo("00006"))
	return newStuckAt(t, url, url)
}

func newStuckAt(t *testing.T, url, through string) *stuck {
	t.Helper()
	s := &stuck{t: t, url: url, through: through}
	s.conn, s.reader = connect(t, s.url), connect(t, s.url)
	if _, err := s.reader.Exec(t.Context(), "BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT FROM sessions"); err != nil {
		t.Fatal(err)
	}
	return s
}

func (s *stuck) letGo() {
	s.t.Helper()
	if err := s.reader.Close(s.t.Context()); err != nil {
		s.t.Fatal(err)
	}
}

// builds are the sessions that build an index.
func (s *stuck) builds() (pids []int) {
	s.t.Helper()
	err := s.conn.QueryRow(s.t.Context(), `
		SELECT coalesce(array_agg(pid), '{}') FROM pg_stat_progress_create_index WHERE datname = current_database()`).Scan(&pids)
	if err != nil {
		s.t.Fatal(err)
	}
	return pids
}

func (s *stuck) awaitBuild(except ...int) (pid int) {
	s.t.Helper()
	eventually.Holds(s.t, "one index is built", func() bool {
		now := s.builds()
		if len(now) != 1 || len(except) > 0 && now[0] == except[0] {
			return false
		}
		pid = now[0]
		return true
	})
	return pid
}

func (s *stuck) migrate(ctx context.Context) <-chan error {
	done := make(chan error, 1)
	go func() { done <- postgres.Migrate(ctx, place(s.through), slog.New(slog.DiscardHandler)) }()
	return done
}

func (s *stuck) finished(want []string) {
	s.t.Helper()
	sameSchema(s.t, schema(s.t, s.url), want)
	if n := count(s.t, s.url, "goose_db_version GROUP BY version_id HAVING count(*) > 1 UNION ALL SELECT 0 LIMIT 1"); n != 0 {
		s.t.Errorf("a version was recorded %d times", n)
	}
	if n := count(s.t, s.url, "migration_lease"); n != 0 {
		s.t.Errorf("%d leases are left", n)
	}
}

// What a killed migrator leaves: a lease that nobody renews, a session that goes
// on building, and half an index.
func TestAKilledMigratorIsReplaced(t *testing.T) {
	t.Parallel()
	t.Run("in sessions of its own", func(t *testing.T) {
		t.Parallel()
		newStuck(t).replaceKilled()
	})
	t.Run("behind a pooler", func(t *testing.T) {
		t.Parallel()
		url := at(t, ownFiles(t).upTo("00006"))
		newStuckAt(t, url, testenv.Pooled(t, url)).replaceKilled()
	})
	t.Run("as one of the roles of a managed database", func(t *testing.T) {
		t.Parallel()
		p := testenv.NewPostgres(t)
		p.Execute(t, "CREATE ROLE app")
		p.Execute(t, "CREATE ROLE app_a LOGIN IN ROLE app")
		p.Execute(t, "ALTER ROLE app_a SET role = app")
		url := p.Database(t)
		if _, err := connect(t, url).Exec(t.Context(), "ALTER SCHEMA public OWNER TO app"); err != nil {
			t.Fatal(err)
		}
		through := as(t, url, "app_a", "unused", "sslmode=disable")
		if err := postgres.MigrateWith(t.Context(), through, ownFiles(t).upTo("00006").fs(), slog.New(slog.DiscardHandler)); err != nil {
			t.Fatal(err)
		}
		newStuckAt(t, url, string(through.URL)).replaceKilled()
	})
}

func (s *stuck) replaceKilled() {
	s.t.Helper()
	victim := exec.CommandContext(s.t.Context(), os.Args[0], "-test.run=^TestMigrator$")
	victim.Env = append(os.Environ(), migratorVariable+"="+s.through)
	if err := victim.Start(); err != nil {
		s.t.Fatal(err)
	}
	orphan := s.awaitBuild()
	if err := victim.Process.Kill(); err != nil {
		s.t.Fatal(err)
	}
	_ = victim.Wait() // which says that it was killed
	killed := time.Now()

	migrated := s.migrate(context.WithoutCancel(s.t.Context()))
	s.awaitBuild(orphan)
	if waited := time.Since(killed); waited > postgres.LeaseTerm+busy {
		s.t.Errorf("the next one began after %s", waited)
	}
	s.letGo()
	if err := <-migrated; err != nil {
		s.t.Fatal(err)
	}
	s.finished(schema(s.t, server.Database(s.t)))
}

func TestAnInterruptedMigratorIsReplacedAtOnce(t *testing.T) {
	t.Parallel()
	s := newStuck(t)
	ctx, interrupt := context.WithCancel(t.Context())
	first := s.migrate(ctx)
	interrupted := s.awaitBuild()
	interrupt()
	if err := <-first; !errors.Is(err, context.Canceled) {
		t.Errorf("error is %v", err)
	}
	if n := count(t, s.url, "pg_index WHERE NOT indisvalid"); n != 1 {
		t.Fatalf("%d unfinished indexes are left, so that this test tests nothing", n)
	}
	if n := count(t, s.url, "migration_lease"); n != 0 {
		t.Errorf("%d leases are left, which the next one waits for", n)
	}
	second := s.migrate(context.WithoutCancel(t.Context()))
	s.awaitBuild(interrupted)
	s.letGo()
	if err := <-second; err != nil {
		t.Fatal(err)
	}
	s.finished(schema(t, server.Database(t)))
}

func TestAMigratorThatHasLostItsLeaseStops(t *testing.T) {
	t.Parallel()
	s := newStuck(t)
	migrated := s.migrate(context.WithoutCancel(t.Context()))
	s.awaitBuild()
	if _, err := s.conn.Exec(t.Context(), `
		UPDATE migration_lease SET holder = gen_random_uuid(), expires_at = now() + interval '1 hour'`); err != nil {
		t.Fatal(err)
	}
	if err := <-migrated; !errors.Is(err, postgres.ErrLeaseLost) {
		t.Errorf("error is %v", err)
	}
	eventually.Holds(t, "its session ends", func() bool { return len(s.builds()) == 0 })
	if n := count(t, s.url, "goose_db_version WHERE version_id = 10"); n != 0 {
		t.Error("the index was recorded")
	}
	if n := count(t, s.url, "migration_lease"); n != 1 {
		t.Error("it has taken the other one's lease away")
	}
}

// A migrator may be stopped, or cut off, for longer than its lease, and go on
// without having noticed.
func TestWhoeverHasLostTheLeaseCommitsNothing(t *testing.T) {
	t.Parallel()
	url := at(t, ownFiles(t).upTo("00006"))
	conn := connect(t, url)
	if _, err := conn.Exec(t.Context(), `
		CREATE FUNCTION steal() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
			UPDATE migration_lease SET holder = gen_random_uuid();
			RETURN NULL;
		END $$;
		CREATE TRIGGER steal AFTER DELETE ON tickets EXECUTE FUNCTION steal()`); err != nil {
		t.Fatal(err)
	}
	if err := migrate(url); !errors.Is(err, postgres.ErrLeaseLost) {
		t.Errorf("error is %v", err)
	}
	if n := count(t, url, "goose_db_version WHERE version_id = 9"); n != 0 {
		t.Error("the migration was recorded")
	}
}

func TestManyMigratorsAtOnceWorkOneAfterAnother(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		from   files
		pooled bool
	}{
		"an empty database": {files{}, false}, "one of release 8": {filesOfRelease8(t, "00008"), false},
		"an empty one behind a pooler": {files{}, true}, "one of release 5 behind a pooler": {filesOfRelease8(t, "00005"), true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			url := at(t, c.from)
			through := url
			if c.pooled {
				through = testenv.Pooled(t, url)
			}
			migrateAtOnce(t, through, url)
		})
	}
}

// migrateAtOnce has many reach a database through a URL, and looks at it.
func migrateAtOnce(t *testing.T, through, url string) {
	t.Helper()
	var group sync.WaitGroup
	for i := range 8 {
		group.Go(func() {
			if err := migrate(through); err != nil {
				t.Error(fmt.Errorf("migrator %d: %w", i, err))
			}
		})
	}
	group.Wait()
	(&stuck{t: t, url: url}).finished(schema(t, server.Database(t)))
}
