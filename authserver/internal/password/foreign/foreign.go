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
	"slices"
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
//	pbkdf2_sha256$600000$salt$sum            or _sha512, with the salt as text: Django
//	scrypt$16384$salt$8$1$sum                with the salt as text: Django
//	pbkdf2:sha256:600000$salt$sum            or sha512, with the salt as text and the sum in hex: Werkzeug
//	scrypt:32768:8:1$salt$sum                likewise
//
// with salt and sum in unpadded base64 where nothing else is said, and settings that
// have names in any order. It returns ErrMalformed, ErrTooCostly or an UnsupportedError.
func Parse(encoded string) (Hash, error) {
	if len(encoded) > maxEncoded || strings.ContainsFunc(encoded, notPrintable) {
		return Hash{}, ErrMalformed
	}
	if kind := unsupported(encoded); kind != "" {
		return Hash{}, UnsupportedError{kind}
	}
	kind, rest, _ := strings.Cut(strings.TrimPrefix(encoded, "$"), "$")
	if strings.HasPrefix(encoded, "$") {
		kind = "$" + kind
	}
	fields := strings.Split(rest, "$")
	if len(fields) < 2 {
		return Hash{}, ErrMalformed
	}
	settings, salt, sum := fields[:len(fields)-2], fields[len(fields)-2], fields[len(fields)-1]
	switch {
	case kind == "$argon2id":
		return parseArgon2id(settings, salt, sum)
	case kind == "scrypt" && len(fields) == len("nsrps"):
		return parseDjangoScrypt(fields)
	case strings.Contains(kind, ":") && len(settings) == 0:
		return parseWerkzeug(strings.Split(kind, ":"), salt, sum)
	case len(settings) != 1:
		return Hash{}, ErrMalformed
	case kind == "$scrypt":
		return parseScrypt(settings[0], salt, sum)
	case kind == "$pbkdf2-sha256":
		return parsePBKDF2(sha256Digest(), settings[0], salt, sum)
	case kind == "$pbkdf2-sha512":
		return parsePBKDF2(sha512Digest(), settings[0], salt, sum)
	case kind == "pbkdf2_sha256":
		return parsePlainPBKDF2(sha256Digest(), settings[0], salt, sum)
	case kind == "pbkdf2_sha512":
		return parsePlainPBKDF2(sha512Digest(), settings[0], salt, sum)
	}
	return Hash{}, ErrMalformed
}

func notPrintable(r rune) bool { return r < ' ' || r > '~' }

// parameters reads "a=1,b=2" in any order and returns the values in that of names, of
// which each must stand there once.
func parameters(text string, names ...string) ([]int, error) {
	parts := strings.Split(text, ",")
	if len(parts) != len(names) {
		return nil, ErrMalformed
	}
	values := make([]int, len(names))
	for _, part := range parts {
		name, digits, _ := strings.Cut(part, "=")
		i := slices.Index(names, name)
		value, err := number(digits)
		if i < 0 || values[i] != 0 || err != nil {
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
