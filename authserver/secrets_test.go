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
	s.used("short", "exactly8", "a longer secret", "a longer one", "never seen at all", "the end")
	got := s.in("nothing\nhere a longer secret and exactly8\nshor short\na longer one\na longer one again\nat the end")
	slices.Sort(got)
	want := []string{
		"[12 bytes]", "at [7 bytes]", "here [15 bytes] and exactly8", "here a longer secret and [8 bytes]", "shor [5 bytes]",
	}
	if !slices.Equal(got, want) {
		t.Errorf("found %q, want %q", got, want)
	}
	if found := s.in("tiny"); len(found) != 0 {
		t.Errorf("found %q", found)
	}
}
