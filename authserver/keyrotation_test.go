// SPDX-License-Identifier: Apache-2.0

package authserver_test

import (
	"bytes"
	"net/http"
	"testing"

	"github.com/realmkeeper/realmkeeper/authserver/realmconfig"
)

// The keys go from one to two and to two alone, while people log in. Nobody
// needs to do anything for it.
func TestEncryptionKeysAreRotatedUnderLogins(t *testing.T) {
	t.Parallel()
	r := newRealm(t)
	phones := r.sendsTexts()
	first, second := r.serve(), r.serve()
	access := first.login().Access
	e := first.enrol(access)
	decode[enrolment](t, first.twoFactor(access, "sms/enable", telephone(aliceNumber)), http.StatusOK)
	decode[factors](t, first.twoFactor(access, "sms/verify", code(phones.last(1))), http.StatusOK)

	keys := r.EncryptionKeys
	if keys.Primary != "one" || len(keys.Keys) != 1 {
		t.Fatalf("the keys begin as %d, primary %s", len(keys.Keys), keys.Primary)
	}
	keys.Primary = "two"
	keys.Keys = append(keys.Keys, realmconfig.EncryptionKey{ID: "two", Key: bytes.Repeat([]byte{2}, realmconfig.EncryptionKeyBytes)})
	r.Mount(map[string]any{realmconfig.EncryptionKeysFile: keys})

	left := func() int {
		return query[int](r, `SELECT count(*) FROM second_factors WHERE substring(sealed FROM 3 FOR 3) <> 'two'`)
	}
	logins := 0
	first.eventually("everything is sealed with the new key", func() bool {
		s := []*server{first, second}[logins%2]
		s.tokensOf(s.validate(s.challenged(), s.shown(e.Secret)))
		s.nextStep()
		logins++
		return left() == 0
	})
	for _, s := range []*server{first, second} {
		s.eventually("the gauge says so", func() bool { return s.Metric("realmkeeper_sealed_values_old_key") == "0" })
	}

	keys.Keys = keys.Keys[1:]
	r.Mount(map[string]any{realmconfig.EncryptionKeysFile: keys})
	third := r.serve() // which has never seen the old key
	third.tokensOf(third.validate(third.challenged(), third.shown(e.Secret)))
	c := third.challenged()
	decode[factors](t, third.post("/api/auth/2fa/sms/send", map[string]string{"session_id": c.SessionID}), http.StatusOK)
	third.tokensOf(third.validate(c, phones.last(2)))
}

// A value whose key is gone cannot be brought along. It is counted, and keeps
// nobody else from being brought along.
func TestALostEncryptionKeyIsSeen(t *testing.T) {
	t.Parallel()
	r := newRealm(t)
	s := r.serve()
	e := s.enrol(s.login().Access)
	keys := realmconfig.EncryptionKeys{
		Version: realmconfig.Version, Primary: "two",
		Keys: []realmconfig.EncryptionKey{{ID: "two", Key: bytes.Repeat([]byte{2}, realmconfig.EncryptionKeyBytes)}},
	}
	r.Mount(map[string]any{realmconfig.EncryptionKeysFile: keys})
	s.eventually("the gauge shows it", func() bool { return s.Metric("realmkeeper_sealed_values_old_key") == "1" })
	c := s.challenged()
	s.validate(c, s.shown(e.Secret)).Expect(t, http.StatusInternalServerError, "internal")
	s.tokensOf(s.validate(c, e.BackupCodes[0])) // which need no key
}
