// SPDX-License-Identifier: Apache-2.0

package realmtest

import (
	"context"

	"github.com/jackc/pgx/v5"
)

// Query reads one value from the realm's database.
func Query[T any](r *Realm, statement string, args ...any) T {
	r.t.Helper()
	conn := r.connect()
	defer func() { _ = conn.Close(context.Background()) }()
	var value T
	if err := conn.QueryRow(r.t.Context(), statement, args...).Scan(&value); err != nil {
		r.t.Fatalf("%s: %v", statement, err)
	}
	return value
}

// Exec changes rows behind the server's back.
func (r *Realm) Exec(statement string, args ...any) {
	r.t.Helper()
	conn := r.connect()
	defer func() { _ = conn.Close(context.Background()) }()
	if _, err := conn.Exec(r.t.Context(), statement, args...); err != nil {
		r.t.Fatalf("%s: %v", statement, err)
	}
}

func (r *Realm) connect() *pgx.Conn {
	r.t.Helper()
	conn, err := pgx.Connect(r.t.Context(), r.DatabaseURL)
	if err != nil {
		r.t.Fatal(err)
	}
	return conn
}
