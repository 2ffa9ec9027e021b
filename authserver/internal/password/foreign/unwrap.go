// SPDX-License-Identifier: Apache-2.0

package foreign

import (
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"strconv"
	"strings"
)

// Unwrap takes off what a program has put around a hash that others understand, or
// writes it as they do: the schemes of LDAP and Spring, the names that Django gives
// its hashers, and the forms of ASP.NET Identity and Lambdaworks. It leaves alone what
// it does not know.
func Unwrap(exported string) string {
	encoded := exported
	if scheme, rest, found := strings.Cut(strings.TrimPrefix(exported, "{"), "}"); found && exported[0] == '{' {
		scheme, _, _ = strings.Cut(strings.ToLower(scheme), "@") // as in {argon2@SpringSecurity_v5_8}
		switch scheme {
		case "bcrypt", "argon2", "crypt", "scrypt":
			encoded = rest
		case "pbkdf2-sha256", "pbkdf2-sha512":
			return "$" + scheme + "$" + rest
		}
	}
	if rest, found := strings.CutPrefix(encoded, "bcrypt$$"); found {
		return "$" + rest
	}
	if rest, found := strings.CutPrefix(encoded, "argon2$"); found {
		return "$" + strings.TrimPrefix(rest, "$")
	}
	return identityForm(lambdaworksForm(encoded))
}

// lambdaworksForm reads $s0$e0801$salt$sum or, as Spring writes it, $e0801$salt$sum: the
// settings are in one number, and salt and sum are padded.
func lambdaworksForm(encoded string) string {
	fields := strings.Split(strings.TrimPrefix(encoded, "$s0"), "$")
	if len(fields) != 4 || fields[0] != "" {
		return encoded
	}
	const bitsEach = 8
	settings, err := strconv.ParseUint(fields[1], 16, 4*bitsEach)
	if err != nil || settings>>(2*bitsEach) == 0 {
		return encoded
	}
	return fmt.Sprintf("$scrypt$ln=%d,r=%d,p=%d$%s$%s", settings>>(2*bitsEach), byte(settings>>bitsEach), byte(settings), //nolint:gosec // bytes of it
		strings.TrimRight(fields[2], "="), strings.TrimRight(fields[3], "="))
}

// identityForm reads the third form of ASP.NET Identity: base64 of a mark, the number of
// a digest, the iterations and the salt's length, in four bytes each, salt and sum.
func identityForm(encoded string) string {
	const mark, word, head = 1, 4, 1 + 3*4
	names := []string{"sha1", "sha256", "sha512"}
	raw, err := base64.StdEncoding.Strict().DecodeString(encoded)
	if err != nil || len(raw) < head || raw[0] != mark {
		return encoded
	}
	digest, iterations, salt := binary.BigEndian.Uint32(raw[1:]), binary.BigEndian.Uint32(raw[1+word:]), binary.BigEndian.Uint32(raw[1+2*word:])
	if int64(digest) >= int64(len(names)) || int64(salt) > int64(len(raw)-head) {
		return encoded
	}
	plain := base64.RawStdEncoding
	return fmt.Sprintf("$pbkdf2-%s$i=%d$%s$%s", names[digest], iterations,
		plain.EncodeToString(raw[head:head+salt]), plain.EncodeToString(raw[head+salt:]))
}
