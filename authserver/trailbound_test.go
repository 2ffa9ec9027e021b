// SPDX-License-Identifier: Apache-2.0

package authserver_test

import (
	"net/http"
	"testing"

	"github.com/jackc/pgx/v5"
)

// A server was ended while it bounded the newest partition of the audit trail, and for
// long nobody has started another one.
func TestAServerThatStartsLateTakesSignIns(t *testing.T) {
	t.Parallel()
	r := newRealm(t)
	conn, err := pgx.Connect(t.Context(), r.DatabaseURL)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := conn.Exec(t.Context(), "ALTER TABLE audit_events_first ADD CONSTRAINT ends CHECK (at < '2001-01-01') NOT VALID"); err != nil {
		t.Fatal(err)
	}
	if err := conn.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	s := r.serve()
	s.tryRegister(annEmail, annPassword).Expect(t, http.StatusCreated, "")
	s.loginAnn(annPassword)
}
