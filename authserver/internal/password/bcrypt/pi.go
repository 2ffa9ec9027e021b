// SPDX-License-Identifier: Apache-2.0

package bcrypt

import (
	"encoding/binary"
	"math/big"
)

// Origin is the state every Blowfish key schedule starts from: the binary digits
// of π after the point, first the subkeys, then the four S-boxes. It is computed
// rather than written down, so there is no table to get wrong. It never changes
// and is shared by all computations of an engine.
type Origin struct{ cipher }

// words is how many 32-bit words of π Blowfish wants.
const words = 18 + 4*256

// NewOrigin computes the state, in about a millisecond.
func NewOrigin() *Origin {
	// One word more than needed absorbs the rounding of the series.
	const precision = (words + 1) * 32
	fraction := machin(precision)
	digits := fraction.Rsh(fraction, 32).FillBytes(make([]byte, words*4))

	o := new(Origin)
	next := func() uint32 {
		w := binary.BigEndian.Uint32(digits)
		digits = digits[4:]
		return w
	}
	for i := range o.p {
		o.p[i] = next()
	}
	for _, box := range []*[256]uint32{&o.s0, &o.s1, &o.s2, &o.s3} {
		for i := range box {
			box[i] = next()
		}
	}
	return o
}

// machin is the fraction of π scaled by 2^bits, from John Machin's formula
// π/4 = 4·arctan(1/5) − arctan(1/239).
func machin(bits uint) *big.Int {
	one := new(big.Int).Lsh(big.NewInt(1), bits)
	pi := arccot(one, 5)
	pi.Lsh(pi, 2).Sub(pi, arccot(one, 239)).Lsh(pi, 2)
	return pi.Mod(pi, one)
}

// arccot is arctan(1/x), scaled by one, as its alternating power series.
func arccot(one *big.Int, x int64) *big.Int {
	square := big.NewInt(x * x)
	power := new(big.Int).Div(one, big.NewInt(x))
	sum, term := new(big.Int), new(big.Int)
	for n := int64(1); power.Sign() > 0; n += 2 {
		term.Div(power, big.NewInt(n))
		if n%4 == 1 {
			sum.Add(sum, term)
		} else {
			sum.Sub(sum, term)
		}
		power.Div(power, square)
	}
	return sum
}
