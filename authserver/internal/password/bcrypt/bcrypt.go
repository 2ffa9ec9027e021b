// SPDX-License-Identifier: Apache-2.0

// Package bcrypt computes bcrypt hashes in steps and in parallel lanes, so that
// a core can work on several of them at once.
//
// It is the algorithm of Provos and Mazières ("A Future-Adaptable Password
// Scheme", USENIX 1999) as OpenBSD's $2b$ has it: at most 72 bytes of password,
// a terminating NUL counted in. A Computation is one hash under way; Step takes
// up to Lanes of them one iteration further, whatever their costs and progress.
package bcrypt

import (
	"encoding/binary"
)

const (
	// SaltSize and SumSize are in bytes.
	SaltSize = 16
	SumSize  = 23

	// MaxPassword is the number of password bytes that count.
	MaxPassword = 72

	// MinCost and MaxCost bound the base-2 logarithm of the iteration count.
	MinCost = 4
	MaxCost = 31

	// Lanes is how many computations one Step takes further at most.
	Lanes = 4
)

// magic is "OrpheanBeholderScryDoubt", what the finished key schedule encrypts.
const magic = "OrpheanBeholderScryDoubt"

// Computation is one hash under way. The zero value is not usable.
type Computation struct {
	schedule  cipher
	key, salt subkeys
	left      uint64
}

// Start prepares a hash of the first MaxPassword bytes of password. The cost
// must be within MinCost and MaxCost.
func (o *Origin) Start(password []byte, salt [SaltSize]byte, cost int) *Computation {
	c := &Computation{schedule: o.cipher, left: 1 << cost}
	terminated := make([]byte, len(password)+1)
	copy(terminated, password)
	c.key.repeat(terminated)
	clear(terminated)
	c.salt.repeat(salt[:])
	c.schedule.expandSalted(&c.key, &c.salt)
	return c
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

// Sum is the hash. It wipes what the computation knew of the password.
func (c *Computation) Sum() [SumSize]byte {
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
	c.Wipe()
	return [SumSize]byte(text[:SumSize])
}

// Wipe forgets the password and everything derived from it.
func (c *Computation) Wipe() { *c = Computation{} }

// Step takes each of the unfinished computations, at most Lanes, one iteration
// further: 1/2^cost of its whole work.
func Step(computations []*Computation) {
	switch len(computations) {
	case 0:
	case 1:
		c := computations[0]
		c.schedule.expand(&c.key)
		c.schedule.expand(&c.salt)
	case 2:
		step2(computations[0], computations[1])
	default:
		var idle Computation
		lanes := [Lanes]*Computation{&idle, &idle, &idle, &idle}
		copy(lanes[:], computations)
		step4(&lanes)
	}
	for _, c := range computations {
		c.left--
	}
}

func step2(a, b *Computation) {
	ciphers := [2]*cipher{&a.schedule, &b.schedule}
	expand2(&ciphers, &[2]*subkeys{&a.key, &b.key})
	expand2(&ciphers, &[2]*subkeys{&a.salt, &b.salt})
}

func step4(lanes *[Lanes]*Computation) {
	var ciphers [Lanes]*cipher
	var keys, salts [Lanes]*subkeys
	for i, c := range lanes {
		ciphers[i], keys[i], salts[i] = &c.schedule, &c.key, &c.salt
	}
	expand4(&ciphers, &keys)
	expand4(&ciphers, &salts)
}
