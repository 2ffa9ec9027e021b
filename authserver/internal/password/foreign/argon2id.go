// SPDX-License-Identifier: Apache-2.0

package foreign

import (
	"encoding/base64"
	"time"

	"golang.org/x/crypto/argon2"
)

const (
	argon2Version = "v=19"
	maxArgon2Work = 512 << 20 // bytes filled, over all passes
	maxLanes      = 16
)

func parseArgon2id(version, settings, salt, sum string) (Hash, error) {
	values, err := parameters(settings, "m", "t", "p")
	if err != nil || version != argon2Version {
		return Hash{}, ErrMalformed
	}
	kibibytes, passes, lanes := values[0], values[1], values[2]
	saltBytes, sumBytes, err := saltAndSum(base64.RawStdEncoding, salt, sum)
	switch {
	case err != nil || kibibytes < 8*lanes:
		return Hash{}, ErrMalformed
	case kibibytes > MaxMemory>>10 || passes > maxArgon2Work>>10/kibibytes || lanes > maxLanes:
		return Hash{}, ErrTooCostly
	}
	const pace = 650 * time.Microsecond // for a mebibyte
	return Hash{
		sum:  sumBytes,
		work: pace * time.Duration(kibibytes*passes) >> 10,
		derive: func(password []byte) []byte {
			return argon2.IDKey(password, saltBytes, uint32(passes), uint32(kibibytes), uint8(lanes), uint32(len(sumBytes))) //nolint:gosec // bounded above and by saltAndSum
		},
	}, nil
}
