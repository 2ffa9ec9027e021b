// SPDX-License-Identifier: Apache-2.0

package postgres_test

import (
	"io/fs"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/realmkeeper/realmkeeper/authserver/internal/postgres"
)

// files are migrations by name.
type files map[string]string

func ownFiles(t *testing.T) files {
	t.Helper()
	own, err := postgres.OwnMigrations()
	if err != nil {
		t.Fatal(err)
	}
	return readFiles(t, own)
}

// filesOfRelease8 are those of the release before indexes were built while their
// tables are in use, up to a version.
func filesOfRelease8(t *testing.T, version string) files {
	t.Helper()
	all := ownFiles(t).upTo("00005")
	maps.Copy(all, readFiles(t, os.DirFS("testdata/release-8")))
	return all.upTo(version)
}

func readFiles(t *testing.T, from fs.FS) files {
	t.Helper()
	names, err := fs.Glob(from, "*.sql")
	if err != nil {
		t.Fatal(err)
	}
	all := files{}
	for _, name := range names {
		text, err := fs.ReadFile(from, name)
		if err != nil {
			t.Fatal(err)
		}
		all[name] = string(text)
	}
	return all
}

// upTo leaves out what has a greater number.
func (f files) upTo(version string) files {
	kept := files{}
	for name, text := range f {
		if number, _, _ := strings.Cut(name, "_"); number <= version {
			kept[name] = text
		}
	}
	return kept
}

func (f files) fs() fs.FS {
	folder := fstest.MapFS{}
	for name, text := range f {
		folder[name] = &fstest.MapFile{Data: []byte(text)}
	}
	return folder
}

func (f files) read(t *testing.T) []postgres.Migration {
	t.Helper()
	all, err := postgres.ReadMigrations(f.fs())
	if err != nil {
		t.Fatal(err)
	}
	return all
}

func TestMigrationsAreReadInTheirOrder(t *testing.T) {
	t.Parallel()
	all := files{
		"00010_b.sql": "-- +goose NO TRANSACTION\n-- +goose Up\nCREATE INDEX CONCURRENTLY IF NOT EXISTS b ON a (x);\n\n-- +goose Down\nDROP INDEX CONCURRENTLY b;\n",
		"00002_a.sql": "-- +goose Up\nCREATE TABLE a (x int);\n-- +goose Down\nDROP TABLE a;\n",
	}.read(t)
	if !slices.IsSortedFunc(all, func(a, b postgres.Migration) int { return int(a.Version() - b.Version()) }) || len(all) != 2 {
		t.Fatalf("read %+v", all)
	}
	a, b := all[0], all[1]
	if a.Up() != "CREATE TABLE a (x int);\n" || a.Down() != "DROP TABLE a;\n" || !a.Transaction() || a.Index() != "" {
		t.Errorf("a is %+v", a)
	}
	if b.Transaction() || b.Index() != "b" {
		t.Errorf("b is %+v", b)
	}
}

func TestMigrationsThatAreNone(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ file, text, problem string }{
		"without a number": {"a.sql", "-- +goose Up\n-- +goose Down\n", "must begin with its number"},
		"without Up":       {"1_a.sql", "-- +goose Down\n", "sections Up and Down"},
		"without Down":     {"1_a.sql", "-- +goose Up\nCREATE TABLE a ();\n", "sections Up and Down"},
	} {
		_, err := postgres.ReadMigrations(files{c.file: c.text}.fs())
		if err == nil || !strings.Contains(err.Error(), c.problem) {
			t.Errorf("%s: error is %v", name, err)
		}
	}
}
