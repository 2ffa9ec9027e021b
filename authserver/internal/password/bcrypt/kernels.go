// SPDX-License-Identifier: Apache-2.0

package bcrypt

// The kernels in Go are for processors that have none of their own, and for tests
// to hold those against.

// expand1Go replaces a cipher's whole schedule by what it encrypts.
//
//go:norace
func expand1Go(c *cipher) {
	var l, r uint32
	for _, table := range c.tables() {
		for i := 0; i+1 < len(table); i += 2 {
			l, r = c.encipher(l, r)
			table[i], table[i+1] = l, r
		}
	}
}

// expand2Go is expand1Go for two ciphers in step.
//
//go:norace
func expand2Go(a, b *cipher) {
	var v [4]uint32
	ta, tb := a.tables(), b.tables()
	for t := range ta {
		wa, wb := ta[t], tb[t][:len(ta[t])]
		for i := 0; i+1 < len(wa); i += 2 {
			encipher2(a, b, &v)
			wa[i], wa[i+1] = v[0], v[1]
			wb[i], wb[i+1] = v[2], v[3]
		}
	}
}

// expand4Go is expand1Go for the schedules of all lanes in step.
//
//go:norace
func expand4Go(lanes *[Lanes]Computation) {
	var v [8]uint32
	ta, tb := lanes[0].schedule.tables(), lanes[1].schedule.tables()
	tc, td := lanes[2].schedule.tables(), lanes[3].schedule.tables()
	for t := range ta {
		wa := ta[t]
		wb, wc, wd := tb[t][:len(wa)], tc[t][:len(wa)], td[t][:len(wa)]
		for i := 0; i+1 < len(wa); i += 2 {
			encipher4(lanes, &v)
			wa[i], wa[i+1] = v[0], v[1]
			wb[i], wb[i+1] = v[2], v[3]
			wc[i], wc[i+1] = v[4], v[5]
			wd[i], wd[i+1] = v[6], v[7]
		}
	}
}

// encipher2 is cipher.encipher of v[0:2] and v[2:4], in place.
//
//go:norace
func encipher2(a, b *cipher, v *[4]uint32) {
	al, ar, bl, br := v[0]^a.p[0], v[1], v[2]^b.p[0], v[3]
	for i := 1; i < 17; i += 2 {
		t1, t0, t2, t3 := a.s1[byte(al>>16)], a.s0[al>>24], a.s2[byte(al>>8)], a.s3[byte(al)]
		u1, u0, u2, u3 := b.s1[byte(bl>>16)], b.s0[bl>>24], b.s2[byte(bl>>8)], b.s3[byte(bl)]
		ar ^= a.p[i]
		br ^= b.p[i]
		ar ^= ((t0 + t1) ^ t2) + t3
		br ^= ((u0 + u1) ^ u2) + u3
		t1, t0, t2, t3 = a.s1[byte(ar>>16)], a.s0[ar>>24], a.s2[byte(ar>>8)], a.s3[byte(ar)]
		u1, u0, u2, u3 = b.s1[byte(br>>16)], b.s0[br>>24], b.s2[byte(br>>8)], b.s3[byte(br)]
		al ^= a.p[i+1]
		bl ^= b.p[i+1]
		al ^= ((t0 + t1) ^ t2) + t3
		bl ^= ((u0 + u1) ^ u2) + u3
	}
	v[0], v[1], v[2], v[3] = ar^a.p[17], al, br^b.p[17], bl
}

// encipher4 is cipher.encipher of the four pairs of v, in place.
//
//go:norace
func encipher4(lanes *[Lanes]Computation, v *[8]uint32) {
	a, b, c, d := &lanes[0].schedule, &lanes[1].schedule, &lanes[2].schedule, &lanes[3].schedule
	al, ar, bl, br := v[0]^a.p[0], v[1], v[2]^b.p[0], v[3]
	cl, cr, dl, dr := v[4]^c.p[0], v[5], v[6]^d.p[0], v[7]
	for i := 1; i < 17; i += 2 {
		ar ^= a.f(al) ^ a.p[i]
		br ^= b.f(bl) ^ b.p[i]
		cr ^= c.f(cl) ^ c.p[i]
		dr ^= d.f(dl) ^ d.p[i]
		al ^= a.f(ar) ^ a.p[i+1]
		bl ^= b.f(br) ^ b.p[i+1]
		cl ^= c.f(cr) ^ c.p[i+1]
		dl ^= d.f(dr) ^ d.p[i+1]
	}
	v[0], v[1], v[2], v[3] = ar^a.p[17], al, br^b.p[17], bl
	v[4], v[5], v[6], v[7] = cr^c.p[17], cl, dr^d.p[17], dl
}

// f is the round function.
//
//go:norace
func (c *cipher) f(x uint32) uint32 {
	t1, t0, t2, t3 := c.s1[byte(x>>16)], c.s0[x>>24], c.s2[byte(x>>8)], c.s3[byte(x)]
	return ((t0 + t1) ^ t2) + t3
}
