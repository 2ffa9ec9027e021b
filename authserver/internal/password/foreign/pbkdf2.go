// SPDX-License-Identifier: Apache-2.0

package foreign

import (
	"crypto/pbkdf2"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/base64"
	"hash"
	"strings"
	"time"
)

// maxPBKDF2Work is how long a hash may take by our own reckoning.
const maxPBKDF2Work = time.Second

// digest is the function that PBKDF2 repeats.
type digest struct {
	new  func() hash.Hash
	size int
	// pace is how long one iteration takes, roughly.
	pace time.Duration
}

func sha256Digest() digest { return digest{sha256.New, sha256.Size, 450 * time.Nanosecond} }
func sha512Digest() digest { return digest{sha512.New, sha512.Size, 900 * time.Nanosecond} }

// parsePBKDF2 reads the settings "i=1000,l=32", "i=1000" or "1000"; the last
// comes with salt and sum in an alphabet that has "." for "+".
func parsePBKDF2(d digest, settings, salt, sum string) (Hash, error) {
	iterations, err := number(settings)
	length := 0
	switch {
	case err == nil:
		salt, sum = strings.ReplaceAll(salt, ".", "+"), strings.ReplaceAll(sum, ".", "+")
	case strings.Contains(settings, ","):
		values, err := parameters(settings, "i", "l")
		if err != nil {
			return Hash{}, err
		}
		iterations, length = values[0], values[1]
	default:
		values, err := parameters(settings, "i")
		if err != nil {
			return Hash{}, err
		}
		iterations = values[0]
	}
	saltBytes, sumBytes, err := saltAndSum(base64.RawStdEncoding, salt, sum)
	if err != nil || length != 0 && length != len(sumBytes) {
		return Hash{}, ErrMalformed
	}
	return d.hash(iterations, saltBytes, sumBytes)
}

// parsePlainPBKDF2 reads a form whose salt stands as it is and whose sum is padded.
func parsePlainPBKDF2(d digest, settings, salt, sum string) (Hash, error) {
	iterations, err := number(settings)
	if err != nil {
		return Hash{}, err
	}
	sumBytes, err := base64.StdEncoding.Strict().DecodeString(sum)
	if err != nil || !plausible([]byte(salt), sumBytes) {
		return Hash{}, ErrMalformed
	}
	return d.hash(iterations, []byte(salt), sumBytes)
}

func (d digest) hash(iterations int, salt, sum []byte) (Hash, error) {
	blocks := (len(sum) + d.size - 1) / d.size
	if iterations > int(maxPBKDF2Work/d.pace)/blocks {
		return Hash{}, ErrTooCostly
	}
	return Hash{
		sum:  sum,
		work: d.pace * time.Duration(iterations*blocks),
		derive: func(password []byte) []byte {
			key, _ := pbkdf2.Key(d.new, string(password), salt, iterations, len(sum)) // as in parseScrypt
			return key
		},
	}, nil
}
