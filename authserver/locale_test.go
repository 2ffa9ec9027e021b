// SPDX-License-Identifier: Apache-2.0

package authserver_test

import (
	"net/http"
	"testing"
)

// However a system calls its locale, the user has its tag, wherever it is taken.
func TestLocalesAreTakenAsSystemsCallThem(t *testing.T) {
	t.Parallel()
	suite.secrets.used(importedPassword, hashesOfOthers()["django"])
	r, s := newRealmWithAnn(t)
	type user struct{ ID, Locale string }
	expect := func(where string, a answer, status int, want string) {
		t.Helper()
		if got := decode[user](t, a, status); got.Locale != want {
			t.Errorf("%s: the locale is %q, want %q", where, got.Locale, want)
		}
	}
	access := s.loginAnn(annPassword).Access
	for typed, want := range map[string]string{
		"en_US": "en-US", "en_US.UTF-8": "en-US", "de-at": "de-AT", "sr_RS@latin": "sr-Latn-RS", "pt-BR": "pt-BR", "": "",
	} {
		expect("profile", s.as(access, http.MethodPatch, "/api/user/profile", map[string]string{"locale": typed}), http.StatusOK, want)
	}
	s.as(access, http.MethodPatch, "/api/user/profile", map[string]string{"locale": "C"}).Expect(t, http.StatusBadRequest, "invalid_request")

	admin := s.login().Access
	created := s.as(admin, http.MethodPost, "/api/admin/users", map[string]string{
		"email": "bob@example.com", "password": strangerPassword, "locale": "fr_CA.UTF-8",
	})
	expect("new user", created, http.StatusCreated, "fr-CA")

	s.post("/api/auth/register", map[string]string{"email": "eve@example.com", "password": strangerPassword, "locale": "es_mx"}).Expect(t, http.StatusCreated, "")
	if err := r.importUsers(line(t, map[string]any{"email": "dan@example.com", "password_hash": hashesOfOthers()["django"], "locale": "de_CH"})); err != nil {
		t.Fatal(err)
	}
	for email, want := range map[string]string{"eve@example.com": "es-MX", "dan@example.com": "de-CH"} {
		if got := query[string](r, "SELECT locale FROM users WHERE email = $1", email); got != want {
			t.Errorf("%s has the locale %q, want %q", email, got, want)
		}
	}

	b := s.newPageBrowser()
	b.signIn(annEmail, annPassword)
	b.open("/account")
	b.submit("/account/profile", map[string]string{"name": "Ann", "locale": "it_IT"})
	if got := query[string](r, "SELECT locale FROM users WHERE email = $1", annEmail); got != "it-IT" {
		t.Errorf("the page has stored %q", got)
	}
}
