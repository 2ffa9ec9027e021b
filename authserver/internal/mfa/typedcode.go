// SPDX-License-Identifier: Apache-2.0

package mfa

import (
	"strings"

	"github.com/realmkeeper/realmkeeper/authserver/internal/auth"
)

// codeDigits is the length of the codes of apps and text messages.
const codeDigits = 6

// Code is a code as a person has typed it, read as what it looks like. Exactly one
// field is set.
type Code struct {
	// digits is of an app or a text message.
	digits string
	// backup is a backup code as it is hashed.
	backup string
}

// ParseCode reads what a person has typed as a code of a method, or of any where none
// is named. It forgives what auth.PlainTyped does, hyphens, capitals, and the letters
// that a reader takes for the digits of backupAlphabet. It refuses with InvalidRequest
// what cannot be such a code, which is no guess and is not counted.
func ParseCode(typed auth.Secret, method auth.Method) (Code, error) {
	plain := strings.ToLower(strings.ReplaceAll(auth.PlainTyped(string(typed)), "-", ""))
	if method != auth.BackupCodeMethod && len(plain) == codeDigits && strings.Trim(plain, "0123456789") == "" {
		return Code{digits: plain}, nil
	}
	plain = strings.NewReplacer("o", "0", "i", "1", "l", "1").Replace(plain)
	asked := method == "" || method == auth.BackupCodeMethod
	if asked && len(plain) == backupEncoding().EncodedLen(backupCodeBytes) && strings.Trim(plain, backupAlphabet) == "" {
		return Code{backup: plain}, nil
	}
	return Code{}, &auth.Error{Code: auth.InvalidRequest, Fields: []auth.FieldProblem{{Field: "code", Detail: codeFault(method)}}}
}

// ParseDigits reads what a person has typed as a code that NewDigits has made. It forgives
// and refuses as ParseCode does.
func ParseDigits(typed auth.Secret) (auth.Secret, error) {
	code, err := ParseCode(typed, auth.SMSMethod)
	return auth.Secret(code.digits), err
}

// codeFault says what a code must be; it goes on after the field's name.
func codeFault(method auth.Method) string {
	const digits, backup = "six digits", "a backup code such as 4q7h-z0kd-9xw2-m5ta"
	switch method {
	case auth.TOTPMethod, auth.SMSMethod:
		return "must be " + digits
	case auth.BackupCodeMethod:
		return "must be " + backup
	default:
		return "must be " + digits + " or " + backup
	}
}

// kind is the method that a wrong code is counted under.
func (c Code) kind() auth.Method {
	if c.backup != "" {
		return auth.BackupCodeMethod
	}
	return auth.TOTPMethod
}
