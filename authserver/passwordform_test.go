// SPDX-License-Identifier: Apache-2.0

package authserver_test

import (
	"net/http"
	"testing"

	"golang.org/x/crypto/bcrypt"

	"github.com/realmkeeper/realmkeeper/authserver/realmconfig"
	"github.com/realmkeeper/realmkeeper/internal/testenv/race"
)

// One password, as two keyboards send it.
const (
	composed   = "\u00e9t\u00e9 br\u00fblant d'ao\u00fbt"
	decomposed = "e\u0301te\u0301\u00a0bru\u0302lant d'aou\u0302t"
)

func TestAPasswordIsTheSameOnEveryKeyboard(t *testing.T) {
	t.Parallel()
	suite.secrets.used(composed, decomposed)
	_, s := newRealmWithAnn(t)
	access := s.loginAnn(annPassword).Access
	change := func(current, password string) {
		t.Helper()
		s.as(access, http.MethodPost, "/api/user/password", map[string]string{
			"current_password": current, "new_password": password,
		}).Expect(t, http.StatusNoContent, "")
	}
	for _, set := range []string{composed, decomposed} {
		change(annPassword, set)
		for _, typed := range []string{composed, decomposed} {
			s.tokensOf(s.tryLogin(annEmail, typed))
			s.as(access, http.MethodPost, "/api/auth/proof", password(typed)).Expect(t, http.StatusOK, "")
		}
		change(decomposed, annPassword)
	}
}

// A hash from before is of what was typed. Its owner gets in, also from several
// devices at once, and from then on with any keyboard.
func TestPasswordsFromBeforeTheirNormalFormGoOn(t *testing.T) {
	t.Parallel()
	suite.secrets.used(composed, decomposed)
	r, s := newRealmWithAnn(t)
	hash, err := bcrypt.GenerateFromPassword([]byte(decomposed), r.Config.Passwords.BcryptCost)
	if err != nil {
		t.Fatal(err)
	}
	r.Exec("UPDATE users SET password_hash = $1 WHERE email = $2", string(hash), annEmail)
	s.tryLogin(annEmail, composed).Expect(t, http.StatusUnauthorized, "invalid_credentials")
	for i, a := range race.Answers(3, func(int) answer { return s.tryLogin(annEmail, decomposed) }) {
		if a.Status != http.StatusOK {
			t.Errorf("login %d was answered %d %s", i, a.Status, a.Body)
		}
	}
	s.tokensOf(s.tryLogin(annEmail, composed))
	s.tokensOf(s.tryLogin(annEmail, decomposed))
}

// Both forms are one guess, and cost an unknown address as much as a known one.
func TestFormsOfAPasswordAreOneGuess(t *testing.T) {
	t.Parallel()
	suite.secrets.used(decomposed)
	r := newRealm(t)
	r.Config.Login.UnknownUser = realmconfig.Conceal
	r.Update()
	s := r.serve()
	s.login() // so that the hash is as costly as the realm says
	for i := range 5 {
		for _, email := range []string{adminEmail, "nobody@example.com"} {
			before := s.hashed()
			a := s.tryLogin(email, decomposed)
			a.Expect(t, http.StatusUnauthorized, "invalid_credentials")
			if did := s.hashed() - before; did != 2 {
				t.Errorf("guess %d at %s: %d passwords were hashed, want both forms", i+1, email, did)
			}
		}
	}
	s.tryLogin(adminEmail, adminPassword).Expect(t, http.StatusTooManyRequests, "account_locked")
}

func TestAnInitialAdminIsKnownByAnyFormOfThePassword(t *testing.T) {
	t.Parallel()
	s := newRealm(t).serve()
	s.realm.restart(rescueEmail, decomposed)
	if !s.logsIn(rescueEmail, composed) {
		t.Error("the initial admin cannot log in with the composed password")
	}
	s.deleteUser(s.login().Access, rescueEmail)
	s.realm.restart(rescueEmail, composed)
	if s.logsIn(rescueEmail, composed) {
		t.Error("the deleted admin has come back with another form of the password")
	}
}
