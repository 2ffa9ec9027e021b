// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/realmkeeper/realmkeeper/internal/testenv"
	"github.com/realmkeeper/realmkeeper/internal/testenv/realmfolder"
)

const lines = 10_000

// usersOfOthers are the lines of so many users.
func usersOfOthers(n int) string {
	text := strings.Builder{}
	for i := range n {
		fmt.Fprintf(&text, `{"email":"user-%d@example.com","name":"User %d",`+
			`"password_hash":"pbkdf2_sha256$1000$NaCl%d$/wbbjgkJ68jpdD4/Yr6gR3lWYKjdrGw1BDj+WXFDzMc="}`+"\n", i, i, i)
	}
	return text.String()
}

func TestImport(t *testing.T) {
	t.Parallel()
	postgres, err := testenv.SharedPostgres(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = postgres.Stop() })
	database := postgres.Database(t)
	folder := realmfolder.New(t, database, "redis://127.0.0.1:1/0")
	folder.Write(t)
	command := func(name, in string) (said string, err error) {
		out := &strings.Builder{}
		err = run(t.Context(), 1, []string{name, "--config-dir", folder.Dir}, strings.NewReader(in), out)
		return out.String(), err
	}
	if said, err := command("import", ""); err == nil || !strings.Contains(err.Error(), "run migrate") {
		t.Fatalf("import without tables: %v\n%s", err, said)
	}
	if said, err := command("migrate", ""); err != nil {
		t.Fatalf("migrate: %v\n%s", err, said)
	}

	all := usersOfOthers(lines)
	for _, c := range []struct {
		name, in, said string
		users          int
	}{
		{"the first half", usersOfOthers(lines / 2), `"added":5000,"known":0,"refused":0`, lines / 2},
		{"everything", all, `"added":5000,"known":5000,"refused":0`, lines},
		{"everything again", all, `"added":0,"known":10000,"refused":0`, lines},
	} {
		if said, err := command("import", c.in); err != nil || !strings.Contains(said, c.said) {
			t.Errorf("%s: %v\n%s", c.name, err, said)
		}
		if n := count(t, database); n != c.users+1 {
			t.Errorf("%s: %d users, want %d and the admin", c.name, n, c.users)
		}
	}

	broken := `{"email":"new@example.com","password_hash":"sesame"}` + "\n" + strings.ReplaceAll(usersOfOthers(1), "user-0", "ann")
	said, err := command("import", broken)
	if err == nil || !strings.Contains(said, `"line":1,"field":"password_hash"`) || strings.Contains(said, "sesame") {
		t.Errorf("a broken line: %v\n%s", err, said)
	}
	if n := count(t, database); n != lines+2 {
		t.Errorf("a broken line: %d users, want the one of the good line more", n)
	}
}

func count(t *testing.T, database string) int {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), database)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close(context.Background()) }()
	n := 0
	if err := conn.QueryRow(t.Context(), "SELECT count(*) FROM users").Scan(&n); err != nil {
		t.Fatal(err)
	}
	return n
}
