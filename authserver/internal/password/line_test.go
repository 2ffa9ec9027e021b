// SPDX-License-Identifier: Apache-2.0

package password

import (
	"fmt"
	"slices"
	"testing"
)

func TestLineServesSourcesInTurn(t *testing.T) {
	t.Parallel()
	l := newLine(10)
	for _, source := range []string{"flood", "flood", "flood", "alice", "bob"} {
		l.join(&task{source: source})
	}
	var served []string
	for next := l.next(); next != nil; next = l.next() {
		served = append(served, next.source)
	}
	if want := []string{"flood", "alice", "bob", "flood", "flood"}; !slices.Equal(served, want) {
		t.Errorf("served %v, want %v", served, want)
	}
}

func TestFullLineTurnsAwayTheGreediest(t *testing.T) {
	t.Parallel()
	cases := []struct {
		name            string
		waiting         []string
		newcomer, loser string
	}{
		{"a newcomer takes a place of the flood", []string{"flood", "flood", "flood", "alice"}, "bob", "flood"},
		{"the flood turns itself away", []string{"flood", "flood", "flood", "alice"}, "flood", "flood"},
		{"equals keep their places", []string{"alice", "bob", "carol", "dave"}, "erin", "erin"},
		{"a second place is not worth another's second", []string{"alice", "alice", "bob", "bob"}, "carol", "alice"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			l := newLine(len(c.waiting))
			for _, source := range c.waiting {
				l.join(&task{source: source})
			}
			loser := l.join(&task{source: c.newcomer})
			if loser == nil || loser.source != c.loser {
				t.Errorf("turned away %+v, want %s", loser, c.loser)
			}
			if l.waiting != len(c.waiting) {
				t.Errorf("%d wait, want %d", l.waiting, len(c.waiting))
			}
		})
	}
}

// FuzzLine lets tasks join, leave and be served in any order, and holds the line
// to its limit and to forgetting nobody.
func FuzzLine(f *testing.F) {
	f.Add([]byte{0, 1, 2, 3, 0, 0, 7, 15, 8, 1, 16})
	f.Fuzz(func(t *testing.T, steps []byte) {
		const limit = 5
		l, inside := newLine(limit), []*task{}
		forget := func(gone *task) {
			inside = slices.DeleteFunc(inside, func(t *task) bool { return t == gone })
		}
		for _, step := range steps {
			switch step % 4 {
			case 0, 1:
				joined := &task{source: fmt.Sprint(step / 4 % 3)}
				inside = append(inside, joined)
				if away := l.join(joined); away != nil {
					forget(away)
				}
			case 2:
				served := l.next()
				if (served == nil) != (len(inside) == 0) {
					t.Fatalf("served %v of %d", served, len(inside))
				}
				forget(served)
			case 3:
				if len(inside) > 0 {
					left := inside[int(step/4)%len(inside)]
					if !l.remove(left) {
						t.Fatal("a waiting task could not leave")
					}
					forget(left)
				}
			}
			if l.waiting != len(inside) || l.waiting > limit || len(l.turns) != len(l.bySource) {
				t.Fatalf("%d wait by the line's count, %d by ours; %d turns, %d sources",
					l.waiting, len(inside), len(l.turns), len(l.bySource))
			}
		}
	})
}
