// SPDX-License-Identifier: Apache-2.0

package mfa

import (
	"strings"

	"github.com/realmkeeper/realmkeeper/authserver/internal/auth"
)

// The digits of an international number (ITU-T E.164, section 6); no shorter
// one is in use.
const minPhoneDigits, maxPhoneDigits = 7, 15

// CheckPhone is ParsePhone. It refuses with InvalidRequest.
func CheckPhone(typed string) (string, error) {
	number, valid := ParsePhone(typed)
	if !valid {
		return "", &auth.Error{Code: auth.InvalidRequest, Fields: []auth.FieldProblem{
			{Field: "phone", Detail: "must be an international number such as +4930901820"},
		}}
	}
	return number, nil
}

// ParsePhone reads a number in the international form, +49 30 901820, as people type
// it (see auth.PlainTyped), and returns it as E.164 writes it. It refuses numbers without a country.
func ParsePhone(s string) (string, bool) {
	plain := strings.NewReplacer("-", "", ".", "", "/", "", "(", "", ")", "").Replace(auth.PlainTyped(s))
	digits, international := strings.CutPrefix(plain, "+")
	if !international || len(digits) < minPhoneDigits || len(digits) > maxPhoneDigits ||
		strings.Trim(digits, "0123456789") != "" || digits[0] == '0' {
		return "", false
	}
	return plain, true
}
