// SPDX-License-Identifier: Apache-2.0

package authserver_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/realmkeeper/realmkeeper/authserver/realmconfig"
)

const importedPassword = "imported secret"

// hashesOfOthers are what other programs have made of importedPassword.
func hashesOfOthers() map[string]string {
	return map[string]string{
		"bcrypt-2a":     "$2a$04$pNjcqBxt/GENkeRi5Bh8w.2UndM8VdI1fZDKAoJlqQBHcIgNCJSWm",
		"bcrypt-2b":     "$2b$04$pNjcqBxt/GENkeRi5Bh8w.2UndM8VdI1fZDKAoJlqQBHcIgNCJSWm",
		"bcrypt-2y":     "$2y$04$pNjcqBxt/GENkeRi5Bh8w.2UndM8VdI1fZDKAoJlqQBHcIgNCJSWm",
		"argon2id":      "$argon2id$v=19$m=64,t=3,p=4$ce79nzOGUEpJCcG4FyKEcA$XCu7a+ocKA0qqSMaParZNg",
		"scrypt":        "$scrypt$ln=10,r=8,p=1$uvc+53yPMeacE4KwNiZkLA$srWS8uKlEdSj/vKLuvirj+rc2de/LmpmgjuNmpVKEqo",
		"pbkdf2-sha256": "$pbkdf2-sha256$1000$Pecc4xwjBIAwBqC0ltIaow$bn7UqDWYej3n0wT3L1p90K.1iJUh0KBfoPsPgKF6Ons",
		"pbkdf2-sha512": "$pbkdf2-sha512$1000$n5NSyhmjdE4JoRQC4DznHA$mzaAipoSMPkYBhY7kYC4st8je36AeBSlDKssjJ5lE178IIBP43k2E4o74R4ZJzszUySqVH/v5qn2GRv28skzdA",
		"django-argon2": "argon2$argon2id$v=19$m=64,t=1,p=2$YzI5dFpYTmhiSFE$Ubi3Qxm5JpcirtWP3vqtBlRKPGQ1T95sCWJFjvDolLc",
		"wordpress":     "$wp$2y$04$waCJxhLJx0WzuZdBdUWmOuBQDYSkp4UyOeWYFWk7yY2azYF11770q",
		"django":        "pbkdf2_sha256$1000$SL1lklN3UbkP$/wbbjgkJ68jpdD4/Yr6gR3lWYKjdrGw1BDj+WXFDzMc=",
	}
}

func (r *realm) importUsers(lines string) error {
	r.t.Helper()
	return r.Import(r.t.Context(), strings.NewReader(lines))
}

// line is what is known of a user elsewhere.
func line(t *testing.T, user map[string]any) string {
	t.Helper()
	text := bytes.Buffer{}
	if err := json.NewEncoder(&text).Encode(user); err != nil {
		t.Fatal(err)
	}
	return text.String()
}

func TestImportedUsersLogInAndTheirHashesBecomeBcrypt(t *testing.T) {
	t.Parallel()
	suite.secrets.used(importedPassword)
	r := newRealm(t)
	r.Config.Login.UnknownUser = realmconfig.Conceal
	r.Update()
	s := r.serve()
	lines := strings.Builder{}
	for kind, hash := range hashesOfOthers() {
		suite.secrets.used(hash)
		lines.WriteString(line(t, map[string]any{"email": kind + "@example.com", "password_hash": hash, "name": kind}))
	}
	if err := r.importUsers(lines.String()); err != nil {
		t.Fatal(err)
	}
	for kind := range hashesOfOthers() {
		email := kind + "@example.com"
		s.tryLogin(email, wrongPassword).Expect(t, http.StatusUnauthorized, "invalid_credentials")
		s.tokensOf(s.tryLogin(email, importedPassword))
		hash := query[string](r, "SELECT password_hash FROM users WHERE email = $1", email)
		if !strings.HasPrefix(hash, "$2") || hash[4:6] != "10" {
			t.Errorf("%s: the hash is %.7s… after a login", kind, hash)
		}
		s.tokensOf(s.tryLogin(email, importedPassword))
	}
	const trail = "SELECT count(*) FROM audit_events WHERE action = 'user.created' AND detail = 'imported' AND target_id IS NOT NULL"
	if n := query[int](r, trail); n != len(hashesOfOthers()) {
		t.Errorf("the trail has %d imported users", n)
	}
}

// PHP and most others cut a password after 72 bytes. From the first login on, all of it
// counts.
func TestImportedUsersWithLongPasswordsLogIn(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("correct horse battery staple, ", 4)[:116]
	const hash = "$2y$04$GqDI3KwKdoe/YJDtOkQTt.lVEynD.Toy6J826EecSrW8Zk1Rn0FF2"
	suite.secrets.used(long, hash)
	r := newRealm(t)
	s := r.serve()
	if err := r.importUsers(line(t, map[string]any{"email": annEmail, "password_hash": hash})); err != nil {
		t.Fatal(err)
	}
	s.tryLogin(annEmail, long[:71]).Expect(t, http.StatusUnauthorized, "invalid_credentials")
	s.tokensOf(s.tryLogin(annEmail, long))
	if got := query[string](r, "SELECT password_hash FROM users WHERE email = $1", annEmail); !strings.HasPrefix(got, "bcrypt_sha256$$2b$10$") {
		t.Errorf("the hash is %.21s… after a login", got)
	}
	for _, guess := range []string{long[:72], long[:115], long + "x"} {
		s.tryLogin(annEmail, guess).Expect(t, http.StatusUnauthorized, "invalid_credentials")
	}
	s.tokensOf(s.tryLogin(annEmail, long))
}

// A bcrypt hash at the realm's cost is as good as one of ours: of all who move, nobody
// waits for a second one.
func TestImportedBcryptIsNotHashedAgain(t *testing.T) {
	t.Parallel()
	const hash = "$2y$10$R8ig2avsstru6MUvSfTpe.AJNlZqT.imALez8wXCb0CbeCTjQfbxO"
	suite.secrets.used(hash)
	r := newRealm(t)
	r.Config.Login.UnknownUser = realmconfig.Conceal
	r.Update()
	s := r.serve()
	if err := r.importUsers(line(t, map[string]any{"email": annEmail, "password_hash": hash})); err != nil {
		t.Fatal(err)
	}
	s.tryLogin(annEmail, wrongPassword).Expect(t, http.StatusUnauthorized, "invalid_credentials")
	if n := s.hashed(); n != 1 {
		t.Errorf("a wrong password took %d hashes, and an unknown address takes 1", n)
	}
	for range 2 {
		s.tokensOf(s.tryLogin(annEmail, importedPassword))
		if got, want := query[string](r, "SELECT password_hash FROM users WHERE email = $1", annEmail), "$2b"+strings.TrimPrefix(hash, "$2y"); got != want {
			t.Errorf("the hash is %.7s… after a login", got)
		}
	}
	if n := s.hashed(); n != 3 {
		t.Errorf("three passwords took %d hashes", n)
	}
}

// TestCheapHashIsNotToldFromAnUnknownAddress counts hashes, not time: a wrong
// password costs the imported one and, beside it, what an unknown address costs.
func TestCheapHashIsNotToldFromAnUnknownAddress(t *testing.T) {
	t.Parallel()
	r := newRealm(t)
	r.Config.Login.UnknownUser = realmconfig.Conceal
	r.Update()
	s := r.serve()
	hashed := 0
	for kind, hash := range hashesOfOthers() {
		if err := r.importUsers(line(t, map[string]any{"email": kind + "@example.com", "password_hash": hash})); err != nil {
			t.Fatal(err)
		}
		s.tryLogin(kind+"@example.com", wrongPassword).Expect(t, http.StatusUnauthorized, "invalid_credentials")
		if hashed += 2; s.hashed() != hashed {
			t.Errorf("%s: %d passwords hashed up to here, want %d", kind, s.hashed(), hashed)
		}
	}
}

func TestImportKeepsWhoIsThere(t *testing.T) {
	t.Parallel()
	r := newRealm(t)
	const state = "SELECT string_agg(users::text, ' ' ORDER BY email) FROM users"
	text := line(t, map[string]any{"email": strings.ToUpper(adminEmail), "password_hash": hashesOfOthers()["django"], "role": "user"}) +
		line(t, map[string]any{"email": "ann@example.com", "password_hash": hashesOfOthers()["scrypt"], "email_verified": true})
	if err := r.importUsers(text); err != nil {
		t.Fatal(err)
	}
	before := query[string](r, state)
	if !strings.Contains(before, adminEmail) || strings.Contains(before, "pbkdf2") || !strings.Contains(before, "ann@example.com") {
		t.Error("the admin was changed, or nobody added")
	}
	r.Clock.Advance(time.Hour)
	if err := r.importUsers(text); err != nil {
		t.Fatal(err)
	}
	if after := query[string](r, state); after != before {
		t.Error("a second import has changed something")
	}
}

func TestImportWhileTheServerServes(t *testing.T) {
	t.Parallel()
	const users, imports = 3000, 3
	r := newRealm(t)
	s := r.serve()
	suite.secrets.used(importedPassword)
	text := strings.Builder{}
	for i := range users {
		text.WriteString(line(t, map[string]any{
			"email": fmt.Sprintf("user-%d@example.com", i), "password_hash": hashesOfOthers()["bcrypt-2b"],
		}))
	}
	var callers sync.WaitGroup
	for range imports {
		callers.Go(func() {
			if err := r.importUsers(text.String()); err != nil {
				t.Error(err)
			}
		})
	}
	tokens := s.login()
	for range 20 {
		tokens = s.refresh(tokens.Refresh)
		s.profile(tokens.Access).Expect(t, http.StatusOK, "")
	}
	callers.Wait()
	if n := query[int](r, "SELECT count(*) FROM users WHERE email LIKE 'user-%'"); n != users {
		t.Errorf("%d users, want %d", n, users)
	}
	s.tokensOf(s.tryLogin("user-2999@example.com", importedPassword))
}

func TestImportSaysWhichLinesAreBad(t *testing.T) {
	t.Parallel()
	r := newRealm(t)
	err := r.importUsers("{}\n" + line(t, map[string]any{"email": "ann@example.com", "password_hash": hashesOfOthers()["django"]}))
	if err == nil || !strings.Contains(err.Error(), "1 lines were refused") {
		t.Errorf("said %v", err)
	}
	if n := query[int](r, "SELECT count(*) FROM users WHERE email = 'ann@example.com'"); n != 1 {
		t.Error("the good line beside it was not stored")
	}
}
