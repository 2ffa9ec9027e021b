// SPDX-License-Identifier: Apache-2.0

package bcrypt

import (
	"math/big"
	"testing"
)

func TestDigitsAreThoseOfPi(t *testing.T) {
	t.Parallel()
	const guard = 32 // bits that absorb the rounding of the series
	fraction := machin(uint(8*len(piDigits) + guard))
	digits := fraction.Rsh(fraction, guard).FillBytes(make([]byte, len(piDigits)))
	if string(digits) != piDigits {
		t.Error("pi.bin holds something else")
	}
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
