// SPDX-License-Identifier: Apache-2.0

package bcrypt

import (
	_ "embed"
	"encoding/binary"
)

// Origin is the state every Blowfish key schedule starts from. It never changes
// and is shared by all computations of an engine.
type Origin struct{ cipher }

// piDigits are the binary digits of π after the point, as many as Blowfish wants:
// a table, which a test computes, because to compute it takes longer than the rest
// of a server's start.
//
//go:embed pi.bin
var piDigits string

// NewOrigin lays out the digits: first the subkeys, then the four S-boxes.
func NewOrigin() *Origin {
	o := new(Origin)
	digits := []byte(piDigits)
	for _, table := range o.tables() {
		for i := range table {
			table[i] = binary.BigEndian.Uint32(digits)
			digits = digits[4:]
		}
	}
	return o
}
