// SPDX-License-Identifier: Apache-2.0

package authserver_test

import (
	"net/http"
	"sync"
	"testing"

	"github.com/jackc/pgx/v5"
)

// Admins who search a database that has come to a standstill are told so, by the API
// and by the pages. Nobody who signs in notices.
func TestNoSearchStarvesSignIns(t *testing.T) {
	t.Parallel()
	r := newRealm(t)
	s, b := newAdmin(t, r)
	tokens := s.login()
	conn, err := pgx.Connect(t.Context(), r.DatabaseURL)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := conn.Exec(t.Context(), "BEGIN; LOCK TABLE user_search IN ACCESS EXCLUSIVE MODE"); err != nil {
		t.Fatal(err)
	}
	const searches = 30
	var admins sync.WaitGroup
	for range searches {
		admins.Go(func() {
			a := s.as(tokens.Access, http.MethodGet, "/api/admin/users?q=ann", nil)
			a.Expect(t, http.StatusServiceUnavailable, "busy")
			if a.Problem.Reason != "searches_busy" || a.RetryAfter() < 1 {
				t.Errorf("the reason is %q, and it helps to wait for %d seconds", a.Problem.Reason, a.RetryAfter())
			}
		})
	}
	answered := make(chan struct{})
	go func() { admins.Wait(); close(answered) }()
	served := 0
	for searching := true; searching; served++ {
		others := s.login()
		s.refresh(others.Refresh)
		select {
		case <-answered:
			searching = false
		default:
		}
	}
	t.Logf("%d signed in meanwhile", served)
	b.open("/admin/users?q=ann")
	b.sees("/admin/users", http.StatusServiceUnavailable, "Narrow it down")
	if err := conn.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	s.as(tokens.Access, http.MethodGet, "/api/admin/users?q=ann", nil).Expect(t, http.StatusOK, "")
}
