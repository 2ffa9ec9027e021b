// SPDX-License-Identifier: Apache-2.0

package bcrypt

import (
	_ "embed"
	"encoding/binary"
)

// piDigits are the binary digits of π after the point, as many as Blowfish wants:
// a table, which a test computes, because to compute it takes longer than the rest
// of a server's start.
//
//go:embed pi.bin
var piDigits string

// newCipher is the schedule that every hash starts from: the digits, first as
// subkeys and then as the four S-boxes.
func newCipher() *cipher {
	c := new(cipher)
	digits := []byte(piDigits)
	for _, table := range c.tables() {
		for i := range table {
			table[i] = binary.BigEndian.Uint32(digits)
			digits = digits[4:]
		}
	}
	return c
}
