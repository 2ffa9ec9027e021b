// SPDX-License-Identifier: Apache-2.0

// Package foreign checks password hashes that other programs have made: Argon2id
// (RFC 9106), scrypt (RFC 7914) and PBKDF2 (RFC 8018).
//
// A hash says itself how much memory and work it takes. Parse accepts no more
// than what careful programs ask for, so that a hash that was brought in cannot
// wear out the server: see MaxMemory, and the limits beside each kind.
package foreign

import (
	"crypto/subtle"
	"encoding/base64"
	"errors"
	"strconv"
	"strings"
	"time"
)

// ErrMalformed says that a text is no hash of a kind that can be checked.
var ErrMalformed = errors.New("malformed or unknown password hash")

// ErrTooCostly says that a hash takes more memory or work than is allowed.
var ErrTooCostly = errors.New("password hash takes too much memory or work")

// MaxMemory is what checking one hash may take, in bytes.
const MaxMemory = 128 << 20

const (
	maxEncoded       = 512
	minSalt, maxSalt = 4, 64
	minSum, maxSum   = 16, 64
)

// Hash is a hash taken apart.
type Hash struct {
	sum []byte
	// derive is the sum of a password with the hash's salt and parameters.
	derive func(password []byte) []byte
	work   time.Duration
}

// Matches reports whether h was made of password.
func (h Hash) Matches(password []byte) bool {
	return subtle.ConstantTimeCompare(h.derive(password), h.sum) == 1
}

// Work is roughly how long Matches takes a core.
func (h Hash) Work() time.Duration { return h.work }

// Parse takes a hash apart. It reads
//
//	$argon2id$v=19$m=19456,t=2,p=1$salt$sum
//	$scrypt$ln=16,r=8,p=1$salt$sum
//	$pbkdf2-sha256$i=600000,l=32$salt$sum    or -sha512; ",l=32" may be left out
//	$pbkdf2-sha256$600000$salt$sum           or -sha512, with "." for "+"
//	pbkdf2_sha256$600000$salt$sum            or _sha512, with the salt as text
//
// with salt and sum in unpadded base64 where nothing else is said. It returns
// ErrMalformed or ErrTooCostly.
func Parse(encoded string) (Hash, error) {
	if len(encoded) > maxEncoded || strings.ContainsAny(encoded, "\r\n") {
		return Hash{}, ErrMalformed
	}
	kind, rest, _ := strings.Cut(strings.TrimPrefix(encoded, "$"), "$")
	if strings.HasPrefix(encoded, "$") {
		kind = "$" + kind
	}
	switch fields := strings.Split(rest, "$"); {
	case kind == "$argon2id" && len(fields) == 4:
		return parseArgon2id(fields[0], fields[1], fields[2], fields[3])
	case len(fields) != 3:
		return Hash{}, ErrMalformed
	case kind == "$scrypt":
		return parseScrypt(fields[0], fields[1], fields[2])
	case kind == "$pbkdf2-sha256":
		return parsePBKDF2(sha256Digest(), fields[0], fields[1], fields[2])
	case kind == "$pbkdf2-sha512":
		return parsePBKDF2(sha512Digest(), fields[0], fields[1], fields[2])
	case kind == "pbkdf2_sha256":
		return parsePlainPBKDF2(sha256Digest(), fields[0], fields[1], fields[2])
	case kind == "pbkdf2_sha512":
		return parsePlainPBKDF2(sha512Digest(), fields[0], fields[1], fields[2])
	}
	return Hash{}, ErrMalformed
}

// parameters reads "a=1,b=2", in the order of names.
func parameters(text string, names ...string) ([]int, error) {
	parts := strings.Split(text, ",")
	if len(parts) != len(names) {
		return nil, ErrMalformed
	}
	values := make([]int, len(names))
	for i, part := range parts {
		digits, found := strings.CutPrefix(part, names[i]+"=") //nolint:gosec // as many names as parts
		value, err := number(digits)
		if !found || err != nil {
			return nil, ErrMalformed
		}
		values[i] = value
	}
	return values, nil
}

// number is a positive decimal without sign or leading zero. One that is too
// long to be anything but costly is cut to a value that every limit refuses.
func number(digits string) (int, error) {
	const hopeless = 1 << 30
	if digits == "" || digits[0] == '0' || strings.Trim(digits, "0123456789") != "" {
		return 0, ErrMalformed
	}
	value, err := strconv.Atoi(digits)
	if err != nil || value > hopeless {
		return hopeless, nil
	}
	return value, nil
}

// saltAndSum decodes both and bounds their lengths.
func saltAndSum(encoding *base64.Encoding, salt, sum string) ([]byte, []byte, error) {
	saltBytes, saltErr := encoding.Strict().DecodeString(salt)
	sumBytes, sumErr := encoding.Strict().DecodeString(sum)
	if saltErr != nil || sumErr != nil || !plausible(saltBytes, sumBytes) {
		return nil, nil, ErrMalformed
	}
	return saltBytes, sumBytes, nil
}

func plausible(salt, sum []byte) bool {
	return len(salt) >= minSalt && len(salt) <= maxSalt && len(sum) >= minSum && len(sum) <= maxSum
}
