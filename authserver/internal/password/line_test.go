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

// The slowest hundredth waits at most twice as long as half of all clients, also of those
// who share an address with many others.
func TestLineLetsNobodyWaitForRounds(t *testing.T) {
	t.Parallel()
	const clients, lanes = 32, 8
	cases := []struct {
		name   string
		source func(client, turn int) string
	}{
		{"each has an address", func(client, _ int) string { return fmt.Sprint(client) }},
		{"all share one", func(int, int) string { return "office" }},
		{"a few share one", func(client, _ int) string { return fmt.Sprint(max(client, 6)) }},
		{"half of them share one", func(client, _ int) string { return fmt.Sprint(max(client, clients/2)) }},
		{"most share one", func(client, _ int) string { return fmt.Sprint(min(client, 8)) }},
		{"those who come together share one", func(_, turn int) string { return fmt.Sprint(turn / 6) }},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			took := closedLoop(clients, lanes, 5000, c.source)
			if p50, p99 := took[len(took)/2], took[len(took)*99/100]; p99 > 2*p50 {
				t.Errorf("p50 is %d turns, p99 %d", p50, p99)
			}
		})
	}
}

// closedLoop lets clients join a line again as soon as they are answered. It returns,
// in order of length, how many answers each has waited for.
func closedLoop(clients, lanes, answers int, source func(client, turn int) string) []int {
	l, took := newLine(clients), []int{}
	client, since := map[*task]int{}, map[*task]int{}
	join := func(who, turn int) {
		joined := &task{source: source(who, turn)}
		client[joined], since[joined] = who, turn
		l.join(joined)
	}
	for who := range clients {
		join(who, 0)
	}
	var running []*task
	for turn := range answers {
		for len(running) < lanes {
			running = append(running, l.next())
		}
		done := running[0]
		running = running[1:]
		took = append(took, turn-since[done])
		join(client[done], turn)
	}
	slices.Sort(took)
	return took
}

func TestLineServesAFloodNoSoonerThanOthers(t *testing.T) {
	t.Parallel()
	l := newLine(1000)
	for range 500 {
		l.join(&task{source: "flood"})
	}
	for i := range 50 {
		alice := &task{source: "alice"}
		l.join(alice)
		for turns := 1; l.next() != alice; turns++ {
			if turns > 3 {
				t.Fatalf("alice came as number %d and waits for more than three of the flood", i)
			}
		}
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
