// SPDX-License-Identifier: Apache-2.0

package foreign

import (
	"encoding/base64"
	"encoding/hex"
	"math/bits"
)

// The forms of Django and Werkzeug have settings by their places, and the salt as
// the text that it is.

// parseDjangoScrypt reads blocks, salt, block size, lanes and sum.
func parseDjangoScrypt(fields []string) (Hash, error) {
	sum, err := base64.StdEncoding.Strict().DecodeString(fields[4])
	if err != nil {
		return Hash{}, ErrMalformed
	}
	return plainScrypt([]string{fields[0], fields[2], fields[3]}, []byte(fields[1]), sum)
}

// parseWerkzeug reads "scrypt:32768:8:1" or "pbkdf2:sha256:600000", taken apart.
func parseWerkzeug(method []string, salt, sum string) (Hash, error) {
	sumBytes, err := hex.DecodeString(sum)
	switch {
	case err != nil:
		return Hash{}, ErrMalformed
	case method[0] == "scrypt" && len(method) == len("snrp"):
		return plainScrypt(method[1:], []byte(salt), sumBytes)
	case method[0] != "pbkdf2" || len(method) != len("pdi") || !plausible([]byte(salt), sumBytes):
		return Hash{}, ErrMalformed
	}
	iterations, err := number(method[2])
	digest := map[string]digest{"sha256": sha256Digest(), "sha512": sha512Digest()}[method[1]]
	if err != nil || digest.new == nil {
		return Hash{}, ErrMalformed
	}
	return digest.hash(iterations, []byte(salt), sumBytes)
}

// plainScrypt has the number of blocks, a power of two, their size, and lanes.
func plainScrypt(settings []string, salt, sum []byte) (Hash, error) {
	values := [3]int{}
	for i := range values {
		var err error
		if values[i], err = number(settings[i]); err != nil {
			return Hash{}, err
		}
	}
	log := bits.TrailingZeros(uint(values[0]))
	if values[0] != 1<<log || log == 0 || !plausible(salt, sum) {
		return Hash{}, ErrMalformed
	}
	return scryptHash(log, values[1], values[2], salt, sum)
}
