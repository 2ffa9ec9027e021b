// SPDX-License-Identifier: Apache-2.0

package authserver_test

import (
	"net/http"
	"net/url"
	"testing"
)

// Whoever is added or renamed is found at once, by the API and by the pages, under a
// locale that knows no letters beyond ASCII.
func TestPeopleAreFoundByAnyPartOfTheirNames(t *testing.T) {
	t.Parallel()
	r := newRealm(t)
	s, b := newAdmin(t, r)
	admin := s.login().Access
	found := func(query string) []person {
		t.Helper()
		return decode[struct{ Users []person }](t, s.as(admin, http.MethodGet, "/api/admin/users?q="+url.QueryEscape(query), nil), http.StatusOK).Users
	}
	for email, name := range map[string]string{
		"ivan@example.com": "Иван Петров", "elodie@example.com": "Élodie Martin", "thor@example.com": "Þór Jónsson", "wang@example.com": "王伟",
	} {
		suite.secrets.used(email)
		created := decode[person](t, s.as(admin, http.MethodPost, "/api/admin/users", map[string]string{
			"email": email, "password": strangerPassword, "name": name,
		}), http.StatusCreated)
		for _, query := range map[string][]string{
			"ivan@example.com":   {"Иван", "ПЕТРОВ", "етров", "петров иван", "Ив", "И"},
			"elodie@example.com": {"Élodie", "E\u0301lodie", "ELODIE", "lodie", "marti él"},
			"thor@example.com":   {"Þór", "THOR jons", "jónss"},
			"wang@example.com":   {"王", "伟", "王伟"},
		}[email] {
			if got := found(query); len(got) != 1 || got[0].ID != created.ID {
				t.Errorf("%s: %q finds %+v", email, query, got)
			}
			b.open("/admin/users?q=" + url.QueryEscape(query))
			b.sees("/admin/users", http.StatusOK, email)
		}
	}
	id := found("Иван")[0].ID
	s.as(admin, http.MethodPatch, "/api/admin/users/"+id, map[string]string{"name": "Ольга"}).Expect(t, http.StatusOK, "")
	if got := found("льга"); len(got) != 1 || got[0].ID != id {
		t.Errorf("the new name finds %+v", got)
	}
	for _, nobody := range []string{"Иван", "%", "_", "xyzzy", "'"} {
		if got := found(nobody); len(got) != 0 {
			t.Errorf("%q finds %+v", nobody, got)
		}
	}
}
