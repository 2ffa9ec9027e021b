// SPDX-License-Identifier: Apache-2.0

package mfa

import (
	"strings"

	"github.com/realmkeeper/realmkeeper/authserver/internal/auth"
)

// codeDigits is the length of the codes of apps and text messages.
const codeDigits = 6

// typedCode is a code as a person has typed it, read as what it looks like. At
// most one field is set.
type typedCode struct {
	// digits is of an app or a text message.
	digits string
	// backup is a backup code as it is hashed.
	backup string
}

// parseCode forgives spaces, hyphens, capitals, and the letters that a reader
// takes for the digits of backupAlphabet.
func parseCode(s auth.Secret) typedCode {
	plain := strings.Map(func(r rune) rune {
		switch {
		case r == ' ' || r == '-':
			return -1
		case r >= 'A' && r <= 'Z':
			return r - 'A' + 'a'
		default:
			return r
		}
	}, string(s))
	if len(plain) == codeDigits && strings.Trim(plain, "0123456789") == "" {
		return typedCode{digits: plain}
	}
	plain = strings.NewReplacer("o", "0", "i", "1", "l", "1").Replace(plain)
	if len(plain) != backupEncoding().EncodedLen(backupCodeBytes) || strings.Trim(plain, backupAlphabet) != "" {
		return typedCode{}
	}
	return typedCode{backup: plain}
}

// kind is the method that a wrong code is counted under.
func (c typedCode) kind() auth.Method {
	if c.backup != "" {
		return auth.BackupCodeMethod
	}
	return auth.TOTPMethod
}
