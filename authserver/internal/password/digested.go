// SPDX-License-Identifier: Apache-2.0

package password

import (
	"crypto/hmac"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/base64"
	"encoding/hex"
	"hash"
	"strings"

	"github.com/realmkeeper/realmkeeper/authserver/internal/password/bcrypt"
	"github.com/realmkeeper/realmkeeper/authserver/internal/password/foreign"
)

// maxVerifyCost is the highest bcrypt cost that Verify accepts, the highest a
// realm may have: a hash that was brought in must not keep a lane for days.
const maxVerifyCost = 16

// A bcrypt hash of ours has another revision than one that was brought in: the first or
// the second, as the Implementation writes it. The algorithm is the same, but the other
// system may have cut the password.
const (
	standardRevision    = "$2a$"
	interleavedRevision = "$2b$"
	foreignRevision     = "$2y$"
)

// digestedPrefix stands before a bcrypt hash of a password's SHA-256 in hex, as Django
// writes it. It is ours for passwords that bcrypt would not read to their end.
const digestedPrefix = "bcrypt_sha256$"

// stored is a stored hash that bcrypt has made.
type stored struct {
	hash bcrypt.Hash
	// input is what bcrypt was given of a password; false when it cannot be the
	// password of this hash.
	input func(password string) (string, bool)
	// ours is set when Hash writes such hashes.
	ours bool
}

// parseBcrypt takes a hash apart that bcrypt has made; isBcrypt is false of any other.
// It returns bcrypt.ErrMalformed or foreign.ErrTooCostly.
func parseBcrypt(encoded string) (s stored, isBcrypt bool, err error) {
	plain := encoded
	switch {
	case strings.HasPrefix(encoded, foreignRevision):
		s.input = firstBytes
	case strings.HasPrefix(encoded, standardRevision), strings.HasPrefix(encoded, interleavedRevision):
		s.input, s.ours = whole, true
	case strings.HasPrefix(encoded, digestedPrefix):
		s.input, s.ours, plain = hexDigest, true, strings.TrimPrefix(encoded, digestedPrefix)
	case strings.HasPrefix(encoded, passlibPrefix):
		s.input, plain = passlibForm(encoded)
	case strings.HasPrefix(encoded, wordPressPrefix):
		s.input, plain = wordPressDigest, strings.TrimPrefix(encoded, "$wp")
	default:
		return stored{}, false, nil
	}
	s.hash, err = bcrypt.Parse(plain)
	if err == nil && s.hash.Cost > maxVerifyCost {
		err = foreign.ErrTooCostly
	}
	return s, true, err
}

// whole refuses what bcrypt would read only a part of.
func whole(password string) (string, bool) { return password, len(password) <= MaxLength }

// firstBytes is what other systems have let bcrypt read.
func firstBytes(password string) (string, bool) {
	return password[:min(len(password), MaxLength)], true
}

func hexDigest(password string) (string, bool) {
	sum := sha256.Sum256([]byte(password))
	return hex.EncodeToString(sum[:]), true
}

// wordPressPrefix begins what WordPress has written since 6.8.
const wordPressPrefix = "$wp$2y$"

func wordPressDigest(password string) (string, bool) {
	mac := hmac.New(sha512.New384, []byte("wp-sha384"))
	mac.Write([]byte(strings.Trim(password, " \t\n\r\x00\v")))
	return base64.StdEncoding.EncodeToString(mac.Sum(nil)), true
}

// passlibPrefix begins "$bcrypt-sha256$v=2,t=2b,r=12$salt$sum" and, as of before,
// "$bcrypt-sha256$2b,12$salt$sum".
const passlibPrefix = "$bcrypt-sha256$" //nolint:gosec // the name of an algorithm

// passlibForm is what passlib gives bcrypt, and its hash in the form of bcrypt. The
// second version has the salt for a key.
func passlibForm(encoded string) (input func(string) (string, bool), plain string) {
	fields := strings.Split(strings.TrimPrefix(encoded, passlibPrefix), "$")
	if len(fields) != 3 {
		return nil, ""
	}
	settings, salt, sum := fields[0], fields[1], fields[2]
	newMAC := sha256.New
	if second, found := strings.CutPrefix(settings, "v=2,t="); found {
		settings = strings.Replace(second, ",r=", ",", 1)
		newMAC = func() hash.Hash { return hmac.New(sha256.New, []byte(salt)) }
	}
	revision, cost, _ := strings.Cut(settings, ",")
	if len(cost) == 1 {
		cost = "0" + cost
	}
	return func(password string) (string, bool) {
		mac := newMAC()
		mac.Write([]byte(password))
		return base64.StdEncoding.EncodeToString(mac.Sum(nil)), true
	}, "$" + revision + "$" + cost + "$" + salt + sum
}
