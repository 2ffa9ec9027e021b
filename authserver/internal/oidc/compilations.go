// SPDX-License-Identifier: Apache-2.0

package oidc

import (
	"sync"

	"github.com/realmkeeper/realmkeeper/authserver/realmconfig"
	"github.com/realmkeeper/realmkeeper/internal/claims"
)

// maxCompiled bounds the expressions that are kept compiled, in bytes of their text, of which
// each takes 70 to 300 in memory. There are twice as many at most. What is not kept is compiled
// anew for each token: for a few claims in about a millisecond, for as many as there may be, as
// long as they may be, in a quarter of a second, so that there is room for several of those.
const maxCompiled = 256 << 10

// compilations are claims as they can be evaluated, those that were used last, by the id of
// their client. There is one list at a time of each: whoever declares a client may change it
// as often as they like, or declare many, and none of it may fill the memory of a realm. The
// zero value is empty.
type compilations struct {
	mu sync.Mutex
	// When young has its fill, it becomes the old one, and what was old is forgotten.
	young, old map[string]compilation
	// text is what young has, in bytes.
	text int
}

// compilation is one list. Documents in force never change, and so the first claim of a list
// stands for all.
type compilation struct {
	first *realmconfig.Claim
	set   *claims.Set
	text  int
}

// recall is the set that a list was compiled to; false when that is not known any more.
func (c *compilations) recall(clientID string, list []realmconfig.Claim) (*claims.Set, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	known, found := c.young[clientID]
	if !found {
		if known, found = c.old[clientID]; found {
			c.add(clientID, known)
		}
	}
	return known.set, found && known.first == &list[0]
}

// remember keeps the set that a list was compiled to, in place of that of another list.
func (c *compilations) remember(clientID string, list []realmconfig.Claim, set *claims.Set) {
	one := compilation{first: &list[0], set: set}
	for _, claim := range list {
		one.text += len(claim.Expression)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.add(clientID, one)
}

func (c *compilations) add(clientID string, one compilation) {
	delete(c.old, clientID)
	c.text += one.text - c.young[clientID].text
	if c.young == nil || c.text > maxCompiled {
		c.young, c.old, c.text = map[string]compilation{}, c.young, one.text
		delete(c.old, clientID)
	}
	c.young[clientID] = one
}
