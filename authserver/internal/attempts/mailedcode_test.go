// SPDX-License-Identifier: Apache-2.0

package attempts

import (
	"testing"

	"github.com/realmkeeper/realmkeeper/authserver/internal/auth"
	"github.com/realmkeeper/realmkeeper/authserver/realmconfig"
)

// Guesses at codes and at passwords have nothing in common, so that neither keeps anybody from
// the other.
func TestGuessesAtMailedCodesAreNoneAtPasswords(t *testing.T) {
	t.Parallel()
	settings := realmconfig.Config{
		Login:     realmconfig.Login{Lockout: realmconfig.Lockout{Failures: 5, SourceFailures: 200}},
		TwoFactor: realmconfig.TwoFactor{Failures: 5},
	}
	s := &Service{Sealer: stamp{}, Realm: auth.Realm{Settings: func() realmconfig.Config { return settings }}}
	from, user := auth.Client{Address: "192.0.2.7"}, auth.User{ID: "ann", Email: "ann@example.com"}
	passwords, err := s.PasswordCounters(t.Context(), user.Email, from)
	if err != nil {
		t.Fatal(err)
	}
	known := map[auth.CounterKey]bool{s.CodeCounter(SignInCode, user.ID).Key: true, s.CodeCounter(EnrolmentCode, user.ID).Key: true}
	for _, c := range passwords {
		known[c.Key] = true
	}
	counters, err := s.MailedCodeCounters(t.Context(), user.Email, "rkm_one", from)
	if err != nil || len(counters) != 3 {
		t.Fatalf("counted by %+v, %v", counters, err)
	}
	for i, want := range []struct {
		kind     auth.CounterKind
		failures int
	}{{auth.ByCode, 20}, {auth.BySource, 200}, {auth.ByMailedCode, 5}} {
		if c := counters[i]; c.Kind != want.kind || c.Limit.Failures != want.failures || known[c.Key] {
			t.Errorf("number %d is %+v, and another's: %t", i, c, known[c.Key])
		}
	}
	others, err := s.MailedCodeCounters(t.Context(), user.Email, "rkm_two", from)
	if err != nil || others[0].Key != counters[0].Key || others[2].Key == counters[2].Key {
		t.Errorf("another code of the address is counted by %+v, %v", others, err)
	}
}
