// SPDX-License-Identifier: Apache-2.0

package bcrypt

// cipher is one Blowfish key schedule: eighteen subkeys and four S-boxes.
//
// A Blowfish round looks up four words whose addresses depend on the round
// before. Alone, a core spends its time waiting for those look-ups. So the
// kernels run the same step for several independent ciphers side by side: while
// one waits, the others use the core. In Go every round reads the four words into
// locals before it combines them, because then the compiler issues the loads back
// to back.
//
// The kernels are not instrumented for the race detector, which would make a
// hash take a second. They touch nothing but their arguments, and those are one
// worker's alone: whoever else touched them would be seen doing so in Step.
type cipher struct {
	p              [18]uint32
	s0, s1, s2, s3 [256]uint32
}

// subkeys is a key or a salt, repeated to the length of cipher.p.
type subkeys [18]uint32

func (c *cipher) mix(k *subkeys) {
	for i := range c.p {
		c.p[i] ^= k[i]
	}
}

// tables are the cipher's arrays in the order in which they are replaced.
func (c *cipher) tables() [5][]uint32 {
	return [5][]uint32{c.p[:], c.s0[:], c.s1[:], c.s2[:], c.s3[:]}
}

// encipher encrypts one block.
//
//go:norace
func (c *cipher) encipher(l, r uint32) (uint32, uint32) {
	l ^= c.p[0]
	for i := 1; i < 17; i += 2 {
		t1, t0, t2, t3 := c.s1[byte(l>>16)], c.s0[l>>24], c.s2[byte(l>>8)], c.s3[byte(l)]
		r ^= c.p[i]
		r ^= ((t0 + t1) ^ t2) + t3
		t1, t0, t2, t3 = c.s1[byte(r>>16)], c.s0[r>>24], c.s2[byte(r>>8)], c.s3[byte(r)]
		l ^= c.p[i+1]
		l ^= ((t0 + t1) ^ t2) + t3
	}
	return r ^ c.p[17], l
}

// expandSalted replaces the whole schedule by what it encrypts, with the salt's
// words mixed into every block, as the first step of the expensive key schedule
// asks for.
//
//go:norace
func (c *cipher) expandSalted(salt *subkeys) {
	var l, r uint32
	// The salt's four words repeat; each block takes the next two.
	half := 0
	for _, table := range c.tables() {
		for i := 0; i+1 < len(table); i += 2 {
			l, r = c.encipher(l^salt[half], r^salt[half+1])
			table[i], table[i+1] = l, r
			half ^= 2
		}
	}
}
