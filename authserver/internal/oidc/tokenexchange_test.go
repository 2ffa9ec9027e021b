// SPDX-License-Identifier: Apache-2.0

package oidc

import (
	"testing"

	"github.com/realmkeeper/realmkeeper/authserver/internal/auth"
)

func TestActorsAreFew(t *testing.T) {
	t.Parallel()
	before := (*auth.Actor)(nil)
	for _, id := range []string{"a", "b", "c"} {
		next, err := actorAfter(before, id)
		if err != nil || next.Subject != id || next.Before != before {
			t.Fatalf("%s: %+v, %v", id, next, err)
		}
		if again, err := actorAfter(next, id); err != nil || again != next {
			t.Errorf("%s again: %+v, %v", id, again, err)
		}
		before = next
	}
	if _, err := actorAfter(before, "d"); err == nil {
		t.Error("a fourth one acts")
	}
}
