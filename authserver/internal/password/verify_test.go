// SPDX-License-Identifier: Apache-2.0

package password_test

import (
	"strings"
	"testing"

	"github.com/realmkeeper/realmkeeper/authserver/internal/password"
	"github.com/realmkeeper/realmkeeper/authserver/internal/password/bcrypt"
)

func TestVerify(t *testing.T) {
	t.Parallel()
	const cost = bcrypt.MinCost
	e := newEngine(t, nil)
	longest := strings.Repeat("p", password.MaxLength)
	cases := map[string]struct {
		stored, typed string
		right         bool
	}{
		"the same":                  {"secret", "secret", true},
		"another":                   {"secret", "Secret", false},
		"empty":                     {"secret", "", false},
		"the longest":               {longest, longest, true},
		"the longest and more":      {longest, longest + "p", false},
		"beyond ASCII":              {"пароль", "пароль", true},
		"with a NUL":                {"a\x00b", "a\x00b", true},
		"another one after the NUL": {"a\x00b", "a\x00c", false},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			hash, err := e.Hash(t.Context(), "", c.stored, cost)
			if err != nil {
				t.Fatal(err)
			}
			right, err := e.Verify(t.Context(), "", hash, c.typed)
			if err != nil || right != c.right {
				t.Errorf("verified %t, %v", right, err)
			}
			if !e.Current(hash, cost) || e.Current(hash, cost+1) {
				t.Error("the hash is not current at its own cost alone")
			}
		})
	}
}

// TestOlderRevisionsAreAsGoodAsOurs: other programs write $2a$ or $2y$.
func TestOlderRevisionsAreAsGoodAsOurs(t *testing.T) {
	t.Parallel()
	e := newEngine(t, nil)
	ours, err := e.Hash(t.Context(), "", "secret", bcrypt.MinCost)
	if err != nil {
		t.Fatal(err)
	}
	for _, revision := range []string{"$2a$", "$2y$"} {
		theirs := revision + strings.TrimPrefix(ours, "$2b$")
		right, err := e.Verify(t.Context(), "", theirs, "secret")
		if err != nil || !right || !e.Current(theirs, bcrypt.MinCost) {
			t.Errorf("%s: verified %t, %v; current %t", revision, right, err, e.Current(theirs, bcrypt.MinCost))
		}
	}
}
