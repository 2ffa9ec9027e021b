// SPDX-License-Identifier: Apache-2.0

package oidc

import (
	"fmt"
	"strings"
	"testing"

	"github.com/realmkeeper/realmkeeper/authserver/realmconfig"
	"github.com/realmkeeper/realmkeeper/internal/claims"
)

func long(n int) []realmconfig.Claim {
	return []realmconfig.Claim{{Name: "a", Expression: strings.Repeat("1", n)}}
}

// kept is the text of all that is kept, in bytes.
func (c *compilations) kept() (text int) {
	for _, generation := range []map[string]compilation{c.young, c.old} {
		for _, one := range generation {
			text += one.text
		}
	}
	return text
}

// Whoever declares clients, many or one that changes all the time, has no more kept than there
// is room for, and what others use all the time stays.
func TestCompiledClaimsHaveABound(t *testing.T) {
	t.Parallel()
	c, used, set := &compilations{}, long(100), &claims.Set{}
	c.remember("apps.shop", used, set)
	for i := range 1000 {
		c.remember(fmt.Sprintf("evil.%d", i), long(1000), &claims.Set{})
		c.remember("evil.client", long(1000+i), &claims.Set{})
		if got, found := c.recall("apps.shop", used); !found || got != set {
			t.Fatalf("after %d others, it is forgotten", i)
		}
		if kept := c.kept(); kept > 2*maxCompiled {
			t.Fatalf("%d bytes are kept", kept)
		}
	}
	if _, found := c.recall("evil.0", long(1000)); found {
		t.Error("nothing was forgotten")
	}
}

// One that is longer than all that is kept is kept alone.
func TestOneListThatIsTooLongIsKept(t *testing.T) {
	t.Parallel()
	c, list := &compilations{}, long(2*maxCompiled)
	for range 3 {
		c.remember("apps.shop", list, &claims.Set{})
	}
	if _, found := c.recall("apps.shop", list); !found || c.kept() != 2*maxCompiled {
		t.Errorf("found %t, and %d bytes are kept", found, c.kept())
	}
}
