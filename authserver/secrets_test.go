// SPDX-License-Identifier: Apache-2.0

package authserver_test

import (
	"slices"
	"testing"
)

// What no test may let pass is found wherever it stands.
func TestSecretsAreFoundInALog(t *testing.T) {
	t.Parallel()
	s := &secrets{}
	s.used("exactly8", "a longer secret", "a longer one", "never seen at all", "the very end", "")
	got := s.in("nothing\nhere a longer secret and exactly8\na longer one\na longer one again\nat the very end")
	slices.Sort(got)
	want := []string{
		"[12 bytes]", "at [12 bytes]", "here [15 bytes] and exactly8", "here a longer secret and [8 bytes]",
	}
	if !slices.Equal(got, want) {
		t.Errorf("found %q, want %q", got, want)
	}
	if found := s.in("tiny"); len(found) != 0 {
		t.Errorf("found %q", found)
	}
}

// An everyday word would be found in a log that has no secrets.
func TestAShortSecretIsRefused(t *testing.T) {
	t.Parallel()
	defer func() {
		if recover() == nil {
			t.Error("it is taken")
		}
	}()
	(&secrets{}).used("noise")
}
