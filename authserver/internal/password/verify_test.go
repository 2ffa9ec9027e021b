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
			if e.Current(hash, c.stored, cost) != hash || e.Current(hash, c.stored, cost+1) != "" {
				t.Error("the hash is not current at its own cost alone")
			}
		})
	}
}

// TestHashesOfOtherRevisionsWereBroughtIn: Adopt makes $2y$ of every revision. Other
// programs read no more of a password than bcrypt does; the next login finds a hash of
// ours, which takes no work where bcrypt has read all of the password.
func TestHashesOfOtherRevisionsWereBroughtIn(t *testing.T) {
	t.Parallel()
	e := newEngine(t, nil)
	long := strings.Repeat("correct horse ", 9)
	ours, err := e.Hash(t.Context(), "", long[:password.MaxLength], bcrypt.MinCost)
	if err != nil {
		t.Fatal(err)
	}
	for _, revision := range []string{"$2a$", "$2b$", "$2y$"} {
		theirs, err := password.Adopt(revision + strings.TrimPrefix(ours, "$2b$"))
		if err != nil {
			t.Fatal(err)
		}
		for guess, right := range map[string]bool{
			long: true, long[:password.MaxLength]: true, long[:password.MaxLength] + "x": true, long[:password.MaxLength-1]: false, "x" + long: false,
		} {
			if got, err := e.Verify(t.Context(), "", theirs, guess); err != nil || got != right {
				t.Errorf("%s: verified %q as %t, %v", revision, guess, got, err)
			}
		}
		for secret, want := range map[string]string{long[:password.MaxLength]: ours, long: ""} {
			if got := e.Current(theirs, secret, bcrypt.MinCost); got != want {
				t.Errorf("%s: of %d bytes the hash would be %q, want %q", revision, len(secret), got, want)
			}
		}
		if got := e.Current(theirs, long[:password.MaxLength], bcrypt.MinCost+1); got != "" {
			t.Errorf("%s: at another cost the hash would be %q", revision, got)
		}
	}
	if right, err := e.Verify(t.Context(), "", ours, long); err != nil || right {
		t.Errorf("our own hash took a longer password: %t, %v", right, err)
	}
}
