// SPDX-License-Identifier: Apache-2.0

package foreign

import (
	"encoding/base64"
	"strings"
	"time"

	"golang.org/x/crypto/argon2"
)

const (
	argon2Version = "v=19"
	firstArgon2   = "v=16"
	maxArgon2Work = 512 << 20 // bytes filled, over all passes
	maxLanes      = 16
)

// parseArgon2id reads version and settings, such as "v=19" and "m=19456,t=2,p=1". A
// hash that does not say its version is of the first one, which had none.
func parseArgon2id(settings []string, salt, sum string) (Hash, error) {
	switch {
	case len(settings) == 1, len(settings) == 2 && settings[0] == firstArgon2:
		return Hash{}, UnsupportedError{"Argon2id of version 16, not 19"}
	case len(settings) != 2 || settings[0] != argon2Version:
		return Hash{}, ErrMalformed
	}
	plain, err := withoutKey(settings[1])
	if err != nil {
		return Hash{}, err
	}
	values, err := parameters(plain, "m", "t", "p")
	if err != nil {
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

// withoutKey is the settings without those that name a key or other data, which the
// sum would be made of too: nobody can check it without them.
func withoutKey(settings string) (string, error) {
	kept := []string{}
	for part := range strings.SplitSeq(settings, ",") {
		name, value, _ := strings.Cut(part, "=")
		switch {
		case name != "keyid" && name != "data":
			kept = append(kept, part)
		case value != "":
			return "", UnsupportedError{"Argon2id with a secret key or other data (keyid, data)"}
		}
	}
	return strings.Join(kept, ","), nil
}
