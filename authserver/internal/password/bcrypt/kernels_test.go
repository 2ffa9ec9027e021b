// SPDX-License-Identifier: Apache-2.0

package bcrypt

import (
	"math/rand/v2"
	"testing"
)

func TestKernelsReplaceSchedulesAsOneCipherAloneDoes(t *testing.T) {
	t.Parallel()
	cases := []struct {
		name   string
		lanes  []int
		expand func(*[Lanes]Computation)
	}{
		{"one", []int{1}, func(c *[Lanes]Computation) { expand1(&c[1].schedule) }},
		{"two", []int{0, 2}, func(c *[Lanes]Computation) { expand2(&c[0].schedule, &c[2].schedule) }},
		{"two, the later one first", []int{3, 1}, func(c *[Lanes]Computation) { expand2(&c[3].schedule, &c[1].schedule) }},
		{"two, in Go", []int{0, 2}, func(c *[Lanes]Computation) { expand2Go(&c[0].schedule, &c[2].schedule) }},
		{"four", []int{0, 1, 2, 3}, expand4},
		{"four, in Go", []int{0, 1, 2, 3}, expand4Go},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			random := rand.New(rand.NewPCG(1, 2))
			for range 100 {
				var got [Lanes]Computation
				for i := range got {
					got[i] = randomComputation(random)
				}
				want := got
				for _, lane := range c.lanes {
					expand1Go(&want[lane].schedule)
				}
				c.expand(&got)
				for i := range want {
					if got[i] != want[i] {
						t.Fatalf("lane %d holds something else", i)
					}
				}
			}
		})
	}
}

func randomComputation(random *rand.Rand) (c Computation) {
	for _, table := range c.schedule.tables() {
		for i := range table {
			table[i] = random.Uint32()
		}
	}
	for i := range c.key {
		c.key[i], c.salt[i] = random.Uint32(), random.Uint32()
	}
	c.left, c.busy = random.Uint64(), true
	return c
}
