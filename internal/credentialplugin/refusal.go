// SPDX-License-Identifier: Apache-2.0

package credentialplugin

import (
	"errors"
	"fmt"
	"strings"
	"unicode"

	"golang.org/x/oauth2"
)

// plain says an issuer's refusal in a line. What golang.org/x/oauth2 makes of one may quote all
// of the answer.
func plain(err error) error {
	said := (*oauth2.RetrieveError)(nil)
	switch {
	case !errors.As(err, &said):
		return err
	case said.ErrorCode != "":
		return refusal(said.ErrorCode, said.ErrorDescription)
	}
	return fmt.Errorf("the issuer answers %d", said.Response.StatusCode)
}

// refusal is what the issuer calls an error (RFC 6749, section 5.2).
func refusal(code, description string) error {
	if description == "" {
		return fmt.Errorf("the issuer refuses: %s", printable(code))
	}
	return fmt.Errorf("the issuer refuses: %s (%s)", printable(code), printable(description))
}

// printable is what others have written, fit for a terminal.
func printable(text string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsPrint(r) {
			return r
		}
		return '?'
	}, text)
}
