// SPDX-License-Identifier: Apache-2.0

package authserver_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/realmkeeper/realmkeeper/authserver/realmconfig"
)

// A realm of the standard engine has its first admin and its users hashed by
// golang.org/x/crypto/bcrypt, which writes $2a$, where our own program writes $2b$.
func TestTheStandardEngineHashesEverything(t *testing.T) {
	t.Parallel()
	r := newRealm(t)
	r.Config.Registration.Mode = realmconfig.Open
	r.Config.Passwords.Engine = realmconfig.StandardEngine
	r.Config.Login.UnknownUser = realmconfig.Conceal
	r.Update()
	s := r.serve()
	s.registerAnn()
	s.tokensOf(s.tryLogin(annEmail, annPassword))
	s.tokensOf(s.tryLogin(adminEmail, adminPassword)) // whose hash is stored anew at this realm's cost
	for _, email := range []string{annEmail, adminEmail} {
		if hash := r.hashOf(email); !strings.HasPrefix(hash, "$2a$10$") {
			t.Errorf("the hash of %s begins with %.7s", email, hash)
		}
	}
	r.restart(rescueEmail, rescuePassword)
	bootstrapped := query[string](r, "SELECT password_hash FROM bootstraps WHERE account_key = sha256($1)", []byte(rescueEmail))
	if !strings.HasPrefix(bootstrapped, "$2a$10$") {
		t.Errorf("the hash of an admin that is mounted begins with %.7s", bootstrapped)
	}
	for name, refused := range map[string]answer{
		"a wrong password":            s.tryLogin(annEmail, wrongPassword),
		"a password bcrypt would cut": s.tryLogin(annEmail, strings.Repeat("p", 100)),
		"nobody's address":            s.tryLogin("nobody@example.com", strings.Repeat("p", 100)),
	} {
		if refused.Status != http.StatusUnauthorized || refused.Problem.Code != "invalid_credentials" {
			t.Errorf("%s: %d %s", name, refused.Status, refused.Body)
		}
	}
}

// TestTheEngineIsChangedUnderRunningLogins changes it and back, and each time those
// log in whom the other engine has registered.
func TestTheEngineIsChangedUnderRunningLogins(t *testing.T) {
	t.Parallel()
	r := newRealm(t)
	r.Config.Registration.Mode = realmconfig.Open
	r.Update()
	s := r.serve()
	users := []string{}
	for i, engine := range []realmconfig.PasswordEngine{realmconfig.StandardEngine, realmconfig.InterleavedEngine, ""} {
		r.Config.Passwords.Engine = engine
		r.Update()
		s.eventually("the engine is in force", func() bool { return s.Report().ConfigRevision == r.revision() })
		user := string("abc"[i]) + annEmail
		s.tryRegister(user, annPassword).Expect(t, http.StatusCreated, "")
		users = append(users, user)
		want := "$2b$"
		if engine == realmconfig.StandardEngine {
			want = "$2a$"
		}
		if hash := r.hashOf(user); !strings.HasPrefix(hash, want) {
			t.Errorf("with engine %q the hash begins with %.4s, want %s", engine, hash, want)
		}
		for _, u := range users {
			before := r.hashOf(u)
			s.tokensOf(s.tryLogin(u, annPassword))
			if r.hashOf(u) != before {
				t.Errorf("the hash of %s was made anew, at the same cost", u)
			}
		}
	}
}

func (r *realm) hashOf(email string) string {
	return query[string](r, "SELECT password_hash FROM users WHERE email = $1", email)
}
