// SPDX-License-Identifier: Apache-2.0

package bcrypt

// Batch is what one core works on: up to Lanes computations. NewBatch makes one.
// A batch and its computations are for one goroutine at a time.
type Batch struct {
	initial *cipher
	// The lanes lie side by side, so that a kernel finds all of them from one
	// address and has enough registers left for their halves.
	lanes [Lanes]Computation
}

// NewBatch makes a batch whose lanes are free.
func NewBatch() *Batch { return &Batch{initial: newCipher()} }

// Start begins a hash of the first MaxPassword bytes of password in a free lane,
// and keeps no reference to password. The lane is taken until the computation's
// Sum or Wipe. It panics when no lane is free, and when cost is not within MinCost
// and MaxCost.
func (b *Batch) Start(password []byte, salt [SaltSize]byte, cost int) *Computation {
	if cost < MinCost || cost > MaxCost {
		panic("bcrypt: cost out of range")
	}
	for i := range b.lanes {
		if c := &b.lanes[i]; !c.busy {
			c.start(b.initial, password, salt, cost)
			return c
		}
	}
	panic("bcrypt: no lane is free")
}

// Step takes each computation that is not done one iteration further: 1/2^cost of
// its whole work.
func (b *Batch) Step() {
	var left [Lanes]*Computation
	n := 0
	for i := range b.lanes {
		if c := &b.lanes[i]; c.left > 0 {
			left[n] = c
			n++
		}
	}
	switch n {
	case 0:
	case 1:
		expandOne(left[0])
	case 2:
		expandTwo(left[0], left[1])
	default:
		b.expandAll()
	}
	for _, c := range left[:n] {
		if c.left--; c.left == 0 {
			c.finish()
		}
	}
}

// The schedules are replaced twice: with the key, and with the salt.

func expandOne(a *Computation) {
	a.schedule.mix(&a.key)
	expand1(&a.schedule)
	a.schedule.mix(&a.salt)
	expand1(&a.schedule)
}

func expandTwo(a, b *Computation) {
	a.schedule.mix(&a.key)
	b.schedule.mix(&b.key)
	expand2(&a.schedule, &b.schedule)
	a.schedule.mix(&a.salt)
	b.schedule.mix(&b.salt)
	expand2(&a.schedule, &b.schedule)
}

// expandAll does so to what free lanes and lanes that are done hold as well: it
// takes no longer, and nobody looks at it.
func (b *Batch) expandAll() {
	for i := range b.lanes {
		b.lanes[i].schedule.mix(&b.lanes[i].key)
	}
	expand4(&b.lanes)
	for i := range b.lanes {
		b.lanes[i].schedule.mix(&b.lanes[i].salt)
	}
	expand4(&b.lanes)
}
