// SPDX-License-Identifier: Apache-2.0

package bcrypt

import (
	"crypto/subtle"
	"encoding/base64"
	"errors"
	"fmt"
)

// Hash is a bcrypt hash taken apart.
type Hash struct {
	// Minor is the revision letter: 'a', 'b' or 'y'. They mean the same here,
	// since a password's length never exceeds what the older ones handled.
	Minor byte
	// Cost is the base-2 logarithm of the iteration count.
	Cost int
	Salt [SaltSize]byte
	Sum  [SumSize]byte
}

// Matches reports whether sum, computed of a password with h's salt and cost, is
// h's own. It takes as long for any two sums.
func (h Hash) Matches(sum [SumSize]byte) bool {
	return subtle.ConstantTimeCompare(h.Sum[:], sum[:]) == 1
}

// ErrMalformed says that a text is no bcrypt hash of a revision in use.
var ErrMalformed = errors.New("malformed bcrypt hash")

// encodedSize is the length of "$2b$12$", 22 characters of salt and 31 of sum.
const encodedSize = 7 + 22 + 31

// Parse takes a hash apart. It accepts only what String writes, so that no two
// texts stand for the same hash, and returns ErrMalformed for anything else.
func Parse(encoded string) (Hash, error) {
	var h Hash
	if len(encoded) != encodedSize || encoded[:2] != "$2" || encoded[3] != '$' || encoded[6] != '$' {
		return Hash{}, ErrMalformed
	}
	h.Minor = encoded[2]
	if h.Minor != 'a' && h.Minor != 'b' && h.Minor != 'y' {
		return Hash{}, ErrMalformed
	}
	tens, ones := encoded[4]-'0', encoded[5]-'0'
	h.Cost = int(tens)*10 + int(ones)
	if tens > 9 || ones > 9 || h.Cost < MinCost || h.Cost > MaxCost {
		return Hash{}, ErrMalformed
	}
	alphabet := alphabet()
	if _, err := alphabet.Decode(h.Salt[:], []byte(encoded[7:29])); err != nil {
		return Hash{}, ErrMalformed
	}
	if _, err := alphabet.Decode(h.Sum[:], []byte(encoded[29:])); err != nil {
		return Hash{}, ErrMalformed
	}
	if h.String() != encoded {
		return Hash{}, ErrMalformed
	}
	return h, nil
}

// String is the hash in the modular crypt format.
func (h Hash) String() string {
	alphabet := alphabet()
	return fmt.Sprintf("$2%c$%02d$%s%s", h.Minor, h.Cost,
		alphabet.EncodeToString(h.Salt[:]), alphabet.EncodeToString(h.Sum[:]))
}

// alphabet is bcrypt's own order of the 64 characters, without padding.
func alphabet() *base64.Encoding {
	const order = "./ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
	return base64.NewEncoding(order).WithPadding(base64.NoPadding)
}
