// SPDX-License-Identifier: Apache-2.0

package growth

import (
	"fmt"
	"log/slog"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/realmkeeper/realmkeeper/authserver/internal/auth"
	"github.com/realmkeeper/realmkeeper/authserver/internal/postgres"
	"github.com/realmkeeper/realmkeeper/internal/testenv"
)

const (
	// fewUsers are enough for PostgreSQL to prefer an index wherever there is one.
	fewUsers = 40_000
	// untilGeneric is how often a statement is run before PostgreSQL may settle for a
	// plan that fits all values.
	untilGeneric = 6
)

// No statement of the Store reads a table from end to end, sorts more than a page, or
// reads many rows for few, but for the exceptions. Numbers of rows are the same on every
// machine; times are for `make growth`.
func TestStatementsReadWhatTheyNeed(t *testing.T) {
	t.Parallel()
	server := testenv.NewPostgres(t)
	w := fillSmall(t, server)
	t.Run("the fill makes what the server would", func(t *testing.T) { compareFill(t, w) })
	r, err := recordPlans(t.Context(), w.conn, server.Log())
	if err != nil {
		t.Fatal(err)
	}
	w.reopen()
	said := []string{}
	for _, e := range exercises() {
		times := untilGeneric
		if strings.HasPrefix(e.method, "Find") || exceptionFor(e.name()) != nil {
			times = 1
		}
		x, err := w.explain(t.Context(), r, e, times)
		if err != nil || x.failed != nil {
			t.Fatalf("%s: %v, %v", e.name(), err, x.failed)
		}
		for _, c := range x.calls {
			for _, s := range c.statements {
				said = append(said, s.Text)
			}
		}
		if problems := x.problems(); len(problems) > 0 {
			t.Errorf("%s: %s", e.name(), strings.Join(problems, "; "))
		}
	}
	t.Run("none is left out", func(t *testing.T) { compareTexts(t, said) })
}

func fillSmall(t *testing.T, server *testenv.Postgres) *world {
	t.Helper()
	f := filler{url: server.Database(t), size: size{fewUsers}, now: time.Now().UTC(), workers: 2, say: func(string, ...any) {}}
	if err := postgres.Migrate(t.Context(), place(f.url), slog.New(slog.DiscardHandler)); err != nil {
		t.Fatal(err)
	}
	if err := f.fill(t.Context()); err != nil {
		t.Fatal(err)
	}
	w := newWorld(t, f)
	if err := f.covers(t.Context(), w.conn); err != nil {
		t.Error(err)
	}
	return w
}

// compareFill holds what SQL has made against what the server makes.
func compareFill(t *testing.T, w *world) {
	for range 100 {
		n := w.number(fewUsers)
		u, document := w.userNumber(n), ""
		w.ask([]any{&document}, "SELECT document FROM user_search WHERE user_id = $1", u.ID)
		if want := auth.SearchDocument(u.Name, u.Email); document != want {
			t.Errorf("%q is stored as %q, not %q", u.Email, document, want)
		}
		if id := w.fill.userID(n); id != u.ID {
			t.Errorf("user %d is %s, not %s", n, u.ID, id)
		}
	}
}

// Whoever adds a method of the Store says how it is called.
func TestEveryMethodIsExercised(t *testing.T) {
	t.Parallel()
	known := withoutStatement()
	for _, e := range exercises() {
		if known[e.method] == "" {
			known[e.method] = "is exercised"
		}
	}
	store := reflect.TypeFor[*postgres.Store]()
	for i := range store.NumMethod() {
		name := store.Method(i).Name
		if known[name] == "" {
			t.Errorf("nothing calls Store.%s: add it to exercises, or to withoutStatement with the reason", name)
		}
		delete(known, name)
	}
	for name := range known {
		t.Errorf("there is no Store.%s", name)
	}
}

// Whoever adds a table says what it is filled with.
func TestANewTableMustBeFilled(t *testing.T) {
	t.Parallel()
	server := testenv.NewPostgres(t)
	f := filler{url: server.Database(t), size: size{fewUsers}}
	if err := postgres.Migrate(t.Context(), place(f.url), slog.New(slog.DiscardHandler)); err != nil {
		t.Fatal(err)
	}
	conn := connect(t, f.url)
	if err := f.covers(t.Context(), conn); err != nil {
		t.Fatal(err)
	}
	if _, err := conn.Exec(t.Context(), "CREATE TABLE newcomers (id int); ALTER TABLE users ADD COLUMN newcomer text"); err != nil {
		t.Fatal(err)
	}
	said := fmt.Sprint(f.covers(t.Context(), conn))
	for _, want := range []string{"the table newcomers", "the column users.newcomer"} {
		if !strings.Contains(said, want) {
			t.Errorf("says nothing of %s: %s", want, said)
		}
	}
}
