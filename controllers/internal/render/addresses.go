// SPDX-License-Identifier: Apache-2.0

package render

import (
	"errors"
	"fmt"
	"net/mail"

	"github.com/realmkeeper/realmkeeper/authserver/realmconfig"
	"github.com/realmkeeper/realmkeeper/internal/mailaddress"
)

// Problem is what an auth server has against its settings: what the contract says
// of them, and what package mailaddress, which the contract does not know, says of
// the addresses in them. It quotes none of them.
func Problem(c realmconfig.Config) error {
	problems := []error{c.Validate()}
	if c.Email != nil {
		if from, err := mail.ParseAddress(c.Email.From); err == nil {
			_, err = mailaddress.Parse(from.Address)
			problems = append(problems, within("email.from", err))
		}
	}
	for i, p := range c.Providers {
		for _, domain := range p.AllowedEmailDomains {
			_, err := mailaddress.ParseDomain(domain)
			problems = append(problems, within(fmt.Sprintf("providers[%d].allowedEmailDomains", i), err))
		}
	}
	return errors.Join(problems...)
}

func within(field string, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%s: %w", field, err)
}

// addressOr is an address, or another one where that is none.
func addressOr(text, otherwise string) string {
	if _, err := mailaddress.Parse(text); err != nil {
		return otherwise
	}
	return text
}
