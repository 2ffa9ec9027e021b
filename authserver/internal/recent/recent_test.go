// SPDX-License-Identifier: Apache-2.0

package recent

import "testing"

func TestWhatIsAskedForIsNotForgotten(t *testing.T) {
	t.Parallel()
	m := Map[int, string]{}
	if _, found := m.Recall(1); found {
		t.Error("an empty map recalls something")
	}
	m.Remember(1, "first")
	m.Remember(1, "second")
	m.Remember(2, "never asked for")
	for i := range 10 * generation {
		m.Remember(10+i, "noise")
		if known, found := m.Recall(1); !found || known != "second" {
			t.Fatalf("after %d others, recalls %q, %t", i, known, found)
		}
	}
	if _, found := m.Recall(2); found {
		t.Error("what nobody asks for is remembered for ever")
	}
	m.Forget(1)
	if _, found := m.Recall(1); found {
		t.Error("what was to be forgotten is remembered")
	}
	if room := len(m.young) + len(m.old); room > 2*generation {
		t.Errorf("remembers %d entries", room)
	}
}
