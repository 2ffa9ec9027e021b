// SPDX-License-Identifier: Apache-2.0

// Package bcrypt computes bcrypt hashes in steps and in parallel lanes, so that
// a core can work on several of them at once.
//
// It is the algorithm of Provos and Mazières ("A Future-Adaptable Password
// Scheme", USENIX 1999) as OpenBSD's $2b$ has it: at most 72 bytes of password,
// a terminating NUL counted in. It makes and reads the same hashes as
// golang.org/x/crypto/bcrypt.
//
// A [Batch] works on up to [Lanes] hashes. [Batch.Start] begins one, which is a
// [Computation], and each [Batch.Step] takes all of them one iteration further,
// whatever their costs and progress. A finished one is a [Hash] with
// [Computation.Sum], and is compared by [Hash.Matches]. Who calls Step, and how
// many batches there are, is up to the caller: this package has no goroutines, no
// locks and no randomness.
package bcrypt

import "encoding/binary"

const (
	// SaltSize and SumSize are in bytes.
	SaltSize = 16
	SumSize  = 23

	// MaxPassword is the number of password bytes that count.
	MaxPassword = 72

	// MinCost and MaxCost bound the base-2 logarithm of the iteration count.
	MinCost = 4
	MaxCost = 31

	// Lanes is how many computations a Batch takes further at once.
	Lanes = 4
)

// magic is "OrpheanBeholderScryDoubt", what the finished key schedule encrypts.
const magic = "OrpheanBeholderScryDoubt"

// Computation is one hash under way, in a lane of a Batch. It must not be used
// after its Sum or Wipe: the lane may be somebody else's by then.
type Computation struct {
	schedule  cipher
	key, salt subkeys
	left      uint64 // iterations
	busy      bool   // the lane is taken
	sum       [SumSize]byte
}

// start begins a hash of the first MaxPassword bytes of password.
func (c *Computation) start(initial *cipher, password []byte, salt [SaltSize]byte, cost int) {
	c.schedule, c.left, c.busy = *initial, 1<<cost, true
	terminated := make([]byte, len(password)+1)
	copy(terminated, password)
	c.key.repeat(terminated)
	clear(terminated)
	c.salt.repeat(salt[:])
	c.schedule.mix(&c.key)
	c.schedule.expandSalted(&c.salt)
}

// repeat fills k with the big-endian words of b, again and again.
func (k *subkeys) repeat(b []byte) {
	next := 0
	for i := range k {
		for range 4 {
			k[i] = k[i]<<8 | uint32(b[next])
			next = (next + 1) % len(b)
		}
	}
}

// Done says whether Sum may be called.
func (c *Computation) Done() bool { return c.left == 0 }

// Sum is the hash. It frees the lane. It panics when the computation is not done
// or the lane was freed before.
func (c *Computation) Sum() [SumSize]byte {
	if !c.busy || !c.Done() {
		panic("bcrypt: no sum, or not yet")
	}
	sum := c.sum
	c.Wipe()
	return sum
}

// Wipe forgets the password and everything derived from it, and frees the lane.
func (c *Computation) Wipe() { *c = Computation{} }

// finish encrypts magic, and forgets what it did so with.
func (c *Computation) finish() {
	var text [len(magic)]byte
	copy(text[:], magic)
	for i := 0; i < len(text); i += 8 {
		l, r := binary.BigEndian.Uint32(text[i:]), binary.BigEndian.Uint32(text[i+4:])
		for range 64 {
			l, r = c.schedule.encipher(l, r)
		}
		binary.BigEndian.PutUint32(text[i:], l)
		binary.BigEndian.PutUint32(text[i+4:], r)
	}
	*c = Computation{busy: true, sum: [SumSize]byte(text[:SumSize])}
}
