// SPDX-License-Identifier: Apache-2.0

package postgres_test

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"
)

// rowsEach is how many rows a filled table has.
const rowsEach = 500

// notFilled are what migrations themselves are kept in.
var notFilled = []string{"goose_db_version", "migration_lease"}

// particular are the values of columns that are not just anything of their type,
// for row number i.
var particular = map[string]string{
	"second_factors.method": "'totp'",
	"outbox.channel":        "'mail'",
	"users.email":           "'user-' || i || '@example.com'",

	"registered_clients.origin": "'registration'",
	"service_accounts.name":     "'account-' || i",
	// A token may be without a user, and then is a service account's.
	"personal_access_tokens.user_id": "(SELECT array_agg(id ORDER BY id) FROM users)[i]",
	"requirements.kind":              "'factors'",
}

// plain are values by type, for row number i.
var plain = map[string]string{
	"uuid":                     "gen_random_uuid()",
	"text":                     "'some text ' || i",
	"bytea":                    "sha256(i::text::bytea)", // whatever is a hash has 32 bytes
	"bytea[]":                  "'{}'::bytea[]",
	"text[]":                   "ARRAY['some', 'text']",
	"integer":                  "i",
	"bigint":                   "i",
	"boolean":                  "true",
	"jsonb":                    "'{}'::jsonb",
	"timestamp with time zone": "now()",
	"date":                     "current_date",
}

// fill gives every table that is not full its rows: a value for each column that
// needs one, and for one that refers to another table its row of the same number.
func (o *observer) fill() {
	o.t.Helper()
	for sparse := o.sparse(); len(sparse) > 0; {
		before := len(sparse)
		for _, name := range sparse {
			columns := o.columns(name)
			if !slices.ContainsFunc(columns, func(c column) bool { return slices.Contains(sparse, c.Of) && c.Of != name }) {
				o.fillOne(name, columns)
			}
		}
		if sparse = o.sparse(); len(sparse) == before {
			o.t.Fatalf("nothing fills %v: say in particular what their columns hold", sparse)
		}
	}
}

func (o *observer) sparse() (names []string) {
	tables, err := o.filled()
	if err != nil {
		o.t.Fatal(err)
	}
	for _, t := range tables {
		if t.rows < rowsEach { // a migration may have made a few
			names = append(names, t.name)
		}
	}
	return names
}

// column is one that has to have a value, be it by what is said in particular: anything, or a
// key of another table.
type column struct{ Name, Kind, Of, Key string }

func (o *observer) columns(table string) []column {
	o.t.Helper()
	found, err := o.other.Query(o.t.Context(), `
		SELECT a.attname, format_type(a.atttypid, a.atttypmod), coalesce(r.relname, ''), coalesce(k.attname, '')
		FROM pg_attribute a
		LEFT JOIN pg_constraint f ON f.contype = 'f' AND f.conrelid = a.attrelid AND f.conkey = ARRAY[a.attnum]
		LEFT JOIN pg_class r ON r.oid = f.confrelid
		LEFT JOIN pg_attribute k ON k.attrelid = f.confrelid AND k.attnum = f.confkey[1]
		WHERE a.attrelid = $1::regclass AND a.attnum > 0 AND NOT a.attisdropped AND (a.attnotnull OR $1 || '.' || a.attname = ANY ($2))
		AND NOT a.atthasdef AND a.attidentity = '' ORDER BY a.attnum`, table, slices.Collect(maps.Keys(particular)))
	if err != nil {
		o.t.Fatal(err)
	}
	columns, err := pgx.CollectRows(found, pgx.RowToStructByPos[column])
	if err != nil {
		o.t.Fatal(err)
	}
	return columns
}

func (o *observer) fillOne(table string, columns []column) {
	o.t.Helper()
	names, values := []string{}, []string{}
	for _, c := range columns {
		names, values = append(names, c.Name), append(values, valueOf(table, c))
	}
	statement := fmt.Sprintf("INSERT INTO %s (%s) SELECT %s FROM generate_series(1, %d) AS i",
		table, strings.Join(names, ", "), strings.Join(values, ", "), rowsEach)
	if _, err := o.other.Exec(o.t.Context(), statement); err != nil {
		o.t.Fatalf("fill %s: %v; say in particular what its columns hold", table, err)
	}
}

func valueOf(table string, c column) string {
	if value, ok := particular[table+"."+c.Name]; ok {
		return value
	}
	if c.Of != "" {
		return fmt.Sprintf("(SELECT array_agg(%s ORDER BY %[1]s) FROM %s)[i]", c.Key, c.Of)
	}
	return plain[c.Kind]
}
