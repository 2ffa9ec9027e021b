// SPDX-License-Identifier: Apache-2.0

package authserver_test

import (
	"net/http"
	"strings"
	"testing"

	"golang.org/x/crypto/bcrypt"

	"github.com/realmkeeper/realmkeeper/authserver/realmconfig"
	"github.com/realmkeeper/realmkeeper/internal/testenv/race"
)

const (
	rescueEmail    = "rescue@example.com"
	rescuePassword = "nine brave otters cross the river"
)

// restart migrates with an initial admin mounted, as each new pod does.
func (r *realm) restart(email, password string) {
	r.t.Helper()
	suite.secrets.used(email, password)
	r.Mount(map[string]any{realmconfig.InitialAdminEmailFile: email, realmconfig.InitialAdminPasswordFile: password})
	if err := r.migrate(); err != nil {
		r.t.Fatal(err)
	}
}

// succeeded has the initial admin create another one, in whose name it returns an
// access token.
func (s *server) succeeded() string {
	s.t.Helper()
	s.createUser(s.login().Access, "ann@example.com", "admin")
	return s.loginAnn(strangerPassword).Access
}

// deleteUser deletes whoever has an address.
func (s *server) deleteUser(access, email string) {
	s.t.Helper()
	id := query[string](s.realm, "SELECT id::text FROM users WHERE email = $1", email)
	if a := s.as(access, http.MethodDelete, "/api/admin/users/"+id, nil); a.Status != http.StatusNoContent {
		s.t.Fatalf("delete %s: %d %s", email, a.Status, a.Body)
	}
}

func (s *server) logsIn(email, password string) bool {
	s.t.Helper()
	suite.secrets.used(email, password)
	return s.post("/api/auth/login", map[string]string{"email": email, "password": password}).Status == http.StatusOK
}

func TestADeletedInitialAdminDoesNotComeBack(t *testing.T) {
	t.Parallel()
	s := newRealm(t).serve()
	s.deleteUser(s.succeeded(), adminEmail)
	for range 2 {
		s.realm.restart(adminEmail, adminPassword)
	}
	s.realm.restart(" ADMIN@example.com ", adminPassword)
	if s.logsIn(adminEmail, adminPassword) {
		t.Error("the old password opens the realm again")
	}
}

// Their old address is free, too.
func TestAnInitialAdminWithAnotherAddressIsNotCreatedAgain(t *testing.T) {
	t.Parallel()
	r := newRealm(t)
	r.Exec("UPDATE users SET email = 'somebody@example.com' WHERE email = $1", adminEmail)
	r.restart(adminEmail, adminPassword)
	if n := query[int](r, "SELECT count(*) FROM users"); n != 1 {
		t.Errorf("%d users", n)
	}
}

func TestNewCredentialsAreARescue(t *testing.T) {
	t.Parallel()
	s := newRealm(t).serve()
	access := s.succeeded()
	s.deleteUser(access, adminEmail)
	for _, c := range []struct {
		name, email, password string
		opens                 bool
	}{
		{"the first ones", adminEmail, adminPassword, false},
		{"another address", rescueEmail, rescuePassword, true},
		{"the first ones, after others", adminEmail, adminPassword, false},
		{"another password", adminEmail, rescuePassword, true},
		{"the others, again", rescueEmail, rescuePassword, false},
		{"the first ones, after all", adminEmail, adminPassword, false},
		{"another password, again", adminEmail, rescuePassword, false},
	} {
		s.realm.restart(c.email, c.password)
		if opens := s.logsIn(c.email, c.password); opens != c.opens {
			t.Errorf("%s: opens the realm: %t, want %t", c.name, opens, c.opens)
		} else if opens {
			s.deleteUser(access, c.email)
		}
	}
}

// Whoever may write the settings of a realm, but not read its Secrets, must not
// come by another one's account, nor by another role.
func TestARescueLeavesExistingUsersAsTheyAre(t *testing.T) {
	t.Parallel()
	s := newRealm(t).serve()
	admin := s.login().Access
	s.createUser(admin, rescueEmail, "user")
	s.realm.restart(rescueEmail, rescuePassword)
	if s.logsIn(rescueEmail, rescuePassword) || !s.logsIn(rescueEmail, strangerPassword) {
		t.Error("the user has another password")
	}
	if role := query[string](s.realm, "SELECT role FROM users WHERE email = $1", rescueEmail); role != "user" {
		t.Errorf("the user is %s now", role)
	}
	s.deleteUser(admin, rescueEmail)
	s.realm.restart(rescueEmail, rescuePassword)
	if s.logsIn(rescueEmail, rescuePassword) {
		t.Error("credentials that had come to nothing work later")
	}
}

func TestManyRescuesAtOnceAreOne(t *testing.T) {
	t.Parallel()
	r := newRealmOn(t, suite.postgres.Database(t), "redis://127.0.0.1:1/0")
	before := query[int](r, "SELECT count(*) FROM audit_events WHERE action = 'user.created'")
	r.Mount(map[string]any{realmconfig.InitialAdminEmailFile: rescueEmail, realmconfig.InitialAdminPasswordFile: rescuePassword})
	race.Run(8, func(int) {
		if err := r.migrate(); err != nil {
			t.Error(err)
		}
	})
	if n := query[int](r, "SELECT count(*) FROM users"); n != 2 {
		t.Errorf("%d users", n)
	}
	if n := query[int](r, "SELECT count(*) FROM audit_events WHERE action = 'user.created' AND outcome = 'succeeded' AND detail = 'bootstrapped'") - before; n != 1 {
		t.Errorf("%d events", n)
	}
	if n := query[int](r, "SELECT count(*) FROM bootstraps b JOIN users u ON b.account_key = sha256(u.email::bytea) WHERE u.email = $1", rescueEmail); n != 1 {
		t.Errorf("remembered %d times", n)
	}
}

// beforeBootstraps takes a database back to when nothing was remembered.
func (r *realm) beforeBootstraps() {
	r.t.Helper()
	r.Exec("DROP TABLE bootstraps")
	r.Exec("DELETE FROM goose_db_version WHERE version_id = 60")
}

func TestAnUpgradeBringsNoDeletedAdminBack(t *testing.T) {
	t.Parallel()
	s := newRealm(t).serve()
	s.deleteUser(s.succeeded(), adminEmail)
	s.realm.beforeBootstraps()
	race.Run(4, func(int) {
		if err := s.realm.migrate(); err != nil {
			t.Error(err)
		}
	})
	s.realm.restart(adminEmail, adminPassword)
	if s.logsIn(adminEmail, adminPassword) {
		t.Error("the old password opens the realm again")
	}
	s.realm.restart(rescueEmail, rescuePassword)
	if !s.logsIn(rescueEmail, rescuePassword) {
		t.Error("no rescue after the upgrade")
	}
}

func TestAnUpgradeWithoutAnInitialAdminLeavesTheNextOneToCome(t *testing.T) {
	t.Parallel()
	r := newRealm(t)
	r.beforeBootstraps()
	r.restart("", "")
	r.restart(rescueEmail, rescuePassword)
	if s := r.serve(); !s.logsIn(rescueEmail, rescuePassword) {
		t.Error("the first ones that were mounted after the upgrade do nothing")
	}
}

func TestRememberedCredentialsRevealNothing(t *testing.T) {
	t.Parallel()
	r := newRealm(t)
	r.restart(rescueEmail, rescuePassword)
	row := query[string](r, "SELECT b::text FROM bootstraps b WHERE account_key = sha256($1)", []byte(rescueEmail))
	if strings.Contains(row, "rescue") || strings.Contains(row, rescuePassword) {
		t.Errorf("the row is %s", row)
	}
	hash := query[string](r, "SELECT password_hash FROM bootstraps WHERE account_key = sha256($1)", []byte(rescueEmail))
	cost, err := bcrypt.Cost([]byte(hash))
	if err != nil || cost != r.Config.Passwords.BcryptCost {
		t.Errorf("the hash has cost %d, %v", cost, err)
	}
}

// An address from before the rules of today must not keep the pods of a realm
// from starting, whatever has become of its user.
func TestAnInitialAdminWithoutAnAddressStopsNewRealmsAlone(t *testing.T) {
	t.Parallel()
	r := newRealm(t)
	r.restart("admin@192.0.2.7", rescuePassword)
	if n := query[int](r, "SELECT count(*) FROM users"); n != 1 {
		t.Errorf("%d users", n)
	}
	r.Exec("DELETE FROM users")
	if err := r.migrate(); err == nil || !strings.Contains(err.Error(), realmconfig.InitialAdminEmailFile) {
		t.Errorf("a realm without users is left without an admin: %v", err)
	}
}
