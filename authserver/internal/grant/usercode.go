// SPDX-License-Identifier: Apache-2.0

package grant

import (
	"fmt"
	"io"
	"strings"

	"github.com/realmkeeper/realmkeeper/authserver/internal/auth"
)

const (
	// userCodeLetters have no vowels among them, so that no code is a word, and no Y, which
	// some languages take for one (RFC 8628, section 6.1).
	userCodeLetters = "BCDFGHJKLMNPQRSTVWXZ"
	// userCodeLength is in letters: more than 34 bits, of which guesses are counted.
	userCodeLength = 8
)

// newUserCode makes the letters that somebody types who lets a device in.
func newUserCode(random io.Reader) (auth.Secret, error) {
	const fair = 256 - 256%len(userCodeLetters) // what is above would make some letters likelier
	letters, b := make([]byte, 0, userCodeLength), make([]byte, 1)
	for len(letters) < userCodeLength {
		if _, err := io.ReadFull(random, b); err != nil {
			return "", fmt.Errorf("make user code: %w", err)
		}
		if int(b[0]) < fair {
			letters = append(letters, userCodeLetters[int(b[0])%len(userCodeLetters)])
		}
	}
	return auth.Secret(letters), nil
}

// FormatUserCode is how people are shown the letters of a code: WDJB-MJHT.
func FormatUserCode(letters auth.Secret) string {
	const half = userCodeLength / 2
	return string(letters[:half] + "-" + letters[half:])
}

// ParseUserCode reads a code as somebody has typed or pasted it, in capitals or not, with a
// dash or without; false for what can be none.
func ParseUserCode(typed auth.Secret) (letters auth.Secret, ok bool) {
	const longest = 64
	if len(typed) > longest {
		return "", false
	}
	plain := strings.ToUpper(strings.ReplaceAll(auth.PlainTyped(string(typed)), "-", ""))
	other := func(r rune) bool { return !strings.ContainsRune(userCodeLetters, r) }
	if len(plain) != userCodeLength || strings.ContainsFunc(plain, other) {
		return "", false
	}
	return auth.Secret(plain), true
}
