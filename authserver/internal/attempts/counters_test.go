// SPDX-License-Identifier: Apache-2.0

package attempts

import (
	"testing"

	"github.com/realmkeeper/realmkeeper/authserver/internal/auth"
	"github.com/realmkeeper/realmkeeper/authserver/realmconfig"
)

// A header buys nobody guesses without end; what those behind one gateway guess wrong
// does not lock out a neighbour with its address, and the other way round.
func TestGuessesThroughAnUnnamedProxyAreCounted(t *testing.T) {
	t.Parallel()
	settings := realmconfig.Config{Login: realmconfig.Login{Lockout: realmconfig.Lockout{Failures: 5, SourceFailures: 200}}}
	s := &Service{Sealer: stamp{}, Realm: auth.Realm{Settings: func() realmconfig.Config { return settings }}}
	counted := func(from auth.Client) auth.Counter {
		t.Helper()
		counters, err := s.PasswordCounters(t.Context(), "ann@example.com", from)
		if err != nil || len(counters) != 2 {
			t.Fatalf("counted by %+v, %v", counters, err)
		}
		return counters[1]
	}
	one, many := counted(auth.Client{Address: "10.244.0.7"}), counted(auth.Client{Address: "10.244.0.7", Shared: true})
	if one.Limit.Failures != 200 || many.Limit.Failures != 20*200 {
		t.Errorf("one source has %d guesses, those behind a gateway %d", one.Limit.Failures, many.Limit.Failures)
	}
	if many.Kind != auth.BySource || many.Key == one.Key {
		t.Errorf("counted by %s, as the neighbour: %t", many.Kind, many.Key == one.Key)
	}
}
