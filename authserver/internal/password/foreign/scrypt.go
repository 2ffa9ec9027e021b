// SPDX-License-Identifier: Apache-2.0

package foreign

import (
	"encoding/base64"
	"time"

	"golang.org/x/crypto/scrypt"
)

const (
	maxScryptWork    = 256 << 20 // bytes filled, over all lanes
	maxScryptLog     = 20
	maxScryptBlock   = 64
	scryptBlockBytes = 128
)

func parseScrypt(settings, salt, sum string) (Hash, error) {
	values, err := parameters(settings, "ln", "r", "p")
	if err != nil {
		return Hash{}, ErrMalformed
	}
	saltBytes, sumBytes, err := saltAndSum(base64.RawStdEncoding, salt, sum)
	if err != nil {
		return Hash{}, ErrMalformed
	}
	return scryptHash(values[0], values[1], values[2], saltBytes, sumBytes)
}

// scryptHash is that of 1<<log blocks.
func scryptHash(log, block, lanes int, salt, sum []byte) (Hash, error) {
	if log > maxScryptLog || block > maxScryptBlock || lanes > maxLanes {
		return Hash{}, ErrTooCostly
	}
	memory := scryptBlockBytes * block << log
	if memory > MaxMemory || memory*lanes > maxScryptWork {
		return Hash{}, ErrTooCostly
	}
	const pace = 2500 * time.Microsecond // for a mebibyte
	return Hash{
		sum:  sum,
		work: pace * time.Duration(memory*lanes) >> 20,
		derive: func(password []byte) []byte {
			// Key fails only for parameters that were refused above; no sum
			// equals nil.
			key, _ := scrypt.Key(password, salt, 1<<log, block, lanes, len(sum))
			return key
		},
	}, nil
}
